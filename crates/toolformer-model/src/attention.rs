//! Grouped-query attention over shared prefixes and own tokens in one softmax.
//!
//! Everything is laid out with the key/value heads first: a prefix that many rows share is then one product for
//! all of them, and the scores of all parts line up for one softmax without a permutation.

use burn::tensor::{Int, Tensor, activation::softmax, backend::Backend};

use crate::{
    attention_mask::mask,
    index_tensor::index_tensor,
    kv_cache::{CacheShape, KvCache, LayerKv, PrefixView},
    precision::{in_f32, in_type},
    token_batch::{Padding, TokenBatch},
};
#[cfg(feature = "flex")]
use crate::{
    flex::{FlexAttention, causal_attention, is_tracked_flex},
    shards::is_flex,
};

/// What all blocks of one forward pass share: what each token sees.
pub struct AttentionPlan<B: Backend> {
    way: Way<B>,
    tokens: usize,
}

/// How attention is computed.
enum Way<B: Backend> {
    /// On burn-flex's memory.
    #[cfg(feature = "flex")]
    Flex(FlexAttention<B>),
    /// On burn-flex's memory under autodiff, of sequences that nothing stands before.
    #[cfg(feature = "flex")]
    Causal { lens: Vec<usize>, heads: [usize; 2], window: Option<usize> },
    /// By the backend's operations.
    Operations(Operations<B>),
}

/// The mask, and which rows look at which group.
struct Operations<B: Backend> {
    /// Added to the scores, `[n_kv_heads, batch * n_groups * seq, width]`; none where everything is seen.
    mask: Option<Tensor<B, 3>>,
    parts: Vec<PrefixPart<B>>,
    /// Where tokens stand among the rows, which are all made equally long.
    padding: Option<Padding<B>>,
    batch: usize,
    seq: usize,
    n_heads: usize,
}

/// A prefix as the rows of this batch use it.
struct PrefixPart<B: Backend> {
    view: PrefixView<B>,
    rows: RowGroups<B>,
}

/// How rows are brought together by the group they look at.
enum RowGroups<B: Backend> {
    /// Groups `0..n` in order, the same number of rows each: a reshape.
    Even,
    /// Anything else: rows are gathered into groups of one size, and gathered back.
    Gathered {
        used: Option<Tensor<B, 1, Int>>,
        gather: Tensor<B, 1, Int>,
        per_group: usize,
        back: Tensor<B, 1, Int>,
    },
}

impl<B: Backend> AttentionPlan<B> {
    /// Plans the pass of `tokens` behind `cache`, which has already reserved their columns
    /// ([`KvCache::reserve`]); every token sees all before it.
    ///
    /// # Panics
    /// If `n_heads` is no multiple of the cache's key/value heads.
    pub fn new(tokens: &TokenBatch, cache: &KvCache<B>, n_heads: usize) -> Self {
        Self::plan(tokens, cache, n_heads, None)
    }

    /// The same where a token sees itself and the `window - 1` tokens before it.
    pub fn sliding(tokens: &TokenBatch, cache: &KvCache<B>, n_heads: usize, window: usize) -> Self {
        Self::plan(tokens, cache, n_heads, Some(window))
    }

    /// Whatever the backend has of its own.
    #[cfg(all(test, feature = "flex"))]
    pub(crate) fn by_operations(
        tokens: &TokenBatch,
        cache: &KvCache<B>,
        n_heads: usize,
        window: Option<usize>,
    ) -> Self {
        let way = Way::Operations(Operations::plan(tokens, cache, n_heads, window));
        Self { way, tokens: tokens.tokens() }
    }

    fn plan(tokens: &TokenBatch, cache: &KvCache<B>, n_heads: usize, window: Option<usize>) -> Self {
        let n_kv_heads = cache.shape().n_kv_heads;
        assert!(
            n_heads > 0 && n_heads.is_multiple_of(n_kv_heads),
            "{n_heads} heads cannot share {n_kv_heads} key/value heads"
        );
        let count = tokens.tokens();
        #[cfg(feature = "flex")]
        if !cache.is_read_again() && (is_flex::<B>(cache.device()) || is_tracked_flex::<B>()) {
            let way = Way::Causal { lens: tokens.lens().to_vec(), heads: [n_heads, n_kv_heads], window };
            return Self { way, tokens: count };
        }
        #[cfg(feature = "flex")]
        if is_flex::<B>(cache.device()) {
            let way = Way::Flex(FlexAttention::new(tokens, cache, n_heads, window));
            return Self { way, tokens: count };
        }
        Self { way: Way::Operations(Operations::plan(tokens, cache, n_heads, window)), tokens: count }
    }

    /// Attention of block `layer`: keeps the new keys and values in `cache` and mixes all values that are seen.
    ///
    /// # Shapes
    /// - `q`: `[tokens, n_heads * d_head]`, already scaled, without padding
    /// - `k`, `v`: `[tokens, n_kv_heads * d_head]`
    /// - returns as `q`
    ///
    /// # Panics
    /// If there are more or fewer tokens than were planned for: [`TokenBatch::to_tensor`] leaves padding out.
    pub fn attend(
        &self,
        layer: usize,
        q: Tensor<B, 2>,
        k: Tensor<B, 2>,
        v: Tensor<B, 2>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        assert_eq!(
            q.dims()[0],
            self.tokens,
            "attention was planned for the tokens of a batch without padding"
        );
        match &self.way {
            #[cfg(feature = "flex")]
            Way::Flex(flex) => flex.attend(layer, &q, [k, v], cache),
            #[cfg(feature = "flex")]
            Way::Causal { lens, heads, window } => {
                let dtype = q.dtype();
                let [q, k, v] = [q, k, v].map(in_f32);
                let mixed = causal_attention([&q, &k, &v], lens, *heads, *window);
                in_type(mixed.unwrap_or_else(|| unreachable!("the plan is for burn-flex")), dtype)
            }
            Way::Operations(operations) => operations.attend(layer, q, [k, v], cache),
        }
    }
}

impl<B: Backend> Operations<B> {
    fn plan(tokens: &TokenBatch, cache: &KvCache<B>, n_heads: usize, window: Option<usize>) -> Self {
        let parts = cache
            .prefixes
            .iter()
            .filter(|view| view.prefix.width() > 0)
            .map(|view| PrefixPart { rows: RowGroups::new(view, cache.device()), view: view.clone() })
            .collect();
        let mask = mask(tokens, cache, n_heads, window);
        let padding = tokens.padding(cache.device());
        Self { mask, parts, padding, batch: tokens.batch(), seq: tokens.seq(), n_heads }
    }

    /// As [`AttentionPlan::attend`].
    fn attend(
        &self,
        layer: usize,
        q: Tensor<B, 2>,
        kv: [Tensor<B, 2>; 2],
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let padded = |x: Tensor<B, 2>| match &self.padding {
            Some(padding) => x.select(0, padding.places.clone()), // [batch * seq, width]
            None => x,
        };
        let ([k, v], q) = (kv.map(padded), padded(q));
        let own = cache.write(layer, k, v);
        let CacheShape { n_kv_heads: kv, d_head, .. } = cache.shape();
        let [batch, seq, per_kv] = [self.batch, self.seq, self.n_heads / kv];
        // Of a single token there is nothing to bring together: no copy, where products take strides.
        let q = if seq == 1 {
            q.reshape([batch, kv, per_kv, d_head]).swap_dims(0, 1) // [n_kv_heads, batch, per_kv, d_head]
        } else {
            let q = q.reshape([batch, seq, kv, per_kv, d_head]); // [batch, seq, n_kv_heads, per_kv, d_head]
            q.permute([2, 0, 3, 1, 4]).reshape([kv, batch, per_kv * seq, d_head]) // [n_kv_heads, batch, per_kv * seq, d_head]
        };
        let mixed = self.mix(layer, q, own.k, own.v); // [n_kv_heads, batch, per_kv * seq, d_head]
        let mixed = mixed.reshape([kv, batch, per_kv, seq, d_head]).permute([1, 3, 0, 2, 4]); // [batch, seq, n_kv_heads, per_kv, d_head]
        let mixed = mixed.reshape([batch * seq, self.n_heads * d_head]);
        match &self.padding {
            Some(padding) => mixed.select(0, padding.tokens.clone()), // [tokens, n_heads * d_head]
            None => mixed,
        }
    }

    /// # Shapes
    /// - `q`: `[n_kv_heads, batch, n_heads / n_kv_heads * seq, d_head]`, already scaled
    /// - `k`, `v`: `[n_kv_heads, batch, columns, d_head]`, the rows' own
    /// - returns as `q`
    fn mix(&self, layer: usize, q: Tensor<B, 4>, k: Tensor<B, 4>, v: Tensor<B, 4>) -> Tensor<B, 4> {
        let [heads, batch, queries, d_head] = q.dims();
        let rows = batch * queries;
        let mut scores: Vec<Tensor<B, 3>> = Vec::with_capacity(self.parts.len() + 1);
        for part in &self.parts {
            scores.push(part.scores(layer, q.clone())); // [n_kv_heads, batch * queries, width of the prefix]
        }
        let columns = k.dims()[2];
        scores.push(q.matmul(k.swap_dims(2, 3)).reshape([heads, rows, columns])); // [n_kv_heads, batch * queries, columns]
        let scores = if scores.len() == 1 { scores.remove(0) } else { Tensor::cat(scores, 2) };
        let (dtype, mut scores) = (scores.dtype(), in_f32(scores));
        if let Some(mask) = &self.mask {
            scores = scores + mask.clone();
        }
        let weights = in_type(softmax(scores, 2), dtype);
        let mut start = 0;
        let mut out: Option<Tensor<B, 4>> = None;
        for part in &self.parts {
            let width = part.view.prefix.width();
            let mixed = part.values(layer, weights.clone().narrow(2, start, width), batch, queries);
            start += width;
            out = Some(match out {
                Some(sum) => sum + mixed,
                None => mixed,
            });
        }
        let own = weights.narrow(2, start, columns).reshape([heads, batch, queries, columns]); // [n_kv_heads, batch, queries, columns]
        let own = own.matmul(v); // [n_kv_heads, batch, queries, d_head]
        debug_assert_eq!(own.dims(), [heads, batch, queries, d_head]);
        match out {
            Some(sum) => sum + own,
            None => own,
        }
    }
}

impl<B: Backend> PrefixPart<B> {
    fn layer(&self, layer: usize) -> LayerKv<B> {
        let kv = self.view.prefix.layers[layer].clone();
        match &self.rows {
            RowGroups::Gathered { used: Some(used), .. } => {
                LayerKv { k: kv.k.select(1, used.clone()), v: kv.v.select(1, used.clone()) }
            }
            _ => kv,
        }
    }

    /// `[n_kv_heads, batch, queries, d_head]` to scores `[n_kv_heads, batch * queries, width]`.
    fn scores(&self, layer: usize, q: Tensor<B, 4>) -> Tensor<B, 3> {
        let LayerKv { k, .. } = self.layer(layer);
        let [heads, groups, width, d_head] = k.dims();
        let [_, batch, queries, _] = q.dims();
        match &self.rows {
            RowGroups::Even => {
                let q = q.reshape([heads, groups, batch / groups * queries, d_head]); // [n_kv_heads, groups, rows * queries, d_head]
                q.matmul(k.swap_dims(2, 3)).reshape([heads, batch * queries, width]) // [n_kv_heads, batch * queries, width]
            }
            RowGroups::Gathered { gather, per_group, back, .. } => {
                let q = q.select(1, gather.clone());
                let q = q.reshape([heads, groups, per_group * queries, d_head]); // [n_kv_heads, groups, rows * queries, d_head]
                let scores = q.matmul(k.swap_dims(2, 3)); // [n_kv_heads, groups, rows * queries, width]
                let scores = scores.reshape([heads, groups * per_group, queries * width]); // [n_kv_heads, gathered rows, queries * width]
                scores.select(1, back.clone()).reshape([heads, batch * queries, width]) // [n_kv_heads, batch * queries, width]
            }
        }
    }

    /// Weights `[n_kv_heads, batch * queries, width]` to mixed values `[n_kv_heads, batch, queries, d_head]`.
    fn values(&self, layer: usize, weights: Tensor<B, 3>, batch: usize, queries: usize) -> Tensor<B, 4> {
        let LayerKv { v, .. } = self.layer(layer);
        let [heads, groups, width, d_head] = v.dims();
        match &self.rows {
            RowGroups::Even if groups == 1 => {
                let v = v.reshape([heads, width, d_head]); // [n_kv_heads, width, d_head]
                weights.matmul(v).reshape([heads, batch, queries, d_head]) // [n_kv_heads, batch, queries, d_head]
            }
            RowGroups::Even => {
                let weights = weights.reshape([heads, groups, batch / groups * queries, width]); // [n_kv_heads, groups, rows * queries, width]
                weights.matmul(v).reshape([heads, batch, queries, d_head]) // [n_kv_heads, batch, queries, d_head]
            }
            RowGroups::Gathered { gather, per_group, back, .. } => {
                let weights = weights.reshape([heads, batch, queries * width]); // [n_kv_heads, batch, queries * width]
                let weights = weights.select(1, gather.clone());
                let weights = weights.reshape([heads, groups, per_group * queries, width]); // [n_kv_heads, groups, rows * queries, width]
                let mixed = weights.matmul(v); // [n_kv_heads, groups, rows * queries, d_head]
                let mixed = mixed.reshape([heads, groups * per_group, queries, d_head]); // [n_kv_heads, gathered rows, queries, d_head]
                mixed.select(1, back.clone())
            }
        }
    }
}

impl<B: Backend> RowGroups<B> {
    fn new(view: &PrefixView<B>, device: &B::Device) -> Self {
        let groups = view.prefix.lens().len();
        let batch = view.group.len();
        let per_group = batch / groups;
        if per_group * groups == batch
            && view.group.iter().enumerate().all(|(row, &group)| group == row / per_group)
        {
            return Self::Even;
        }
        let mut used: Vec<usize> = view.group.clone();
        used.sort_unstable();
        used.dedup();
        let members: Vec<Vec<usize>> =
            used.iter().map(|group| (0..batch).filter(|&row| view.group[row] == *group).collect()).collect();
        let per_group = members.iter().map(Vec::len).max().unwrap_or(0);
        let mut gather = Vec::with_capacity(members.len() * per_group);
        let mut back = vec![0; batch];
        for rows in &members {
            for slot in 0..per_group {
                // A group with fewer rows repeats its first; the copy's result is not gathered back.
                if let Some(&row) = rows.get(slot) {
                    back[row] = gather.len();
                }
                gather.push(rows.get(slot).copied().unwrap_or(rows[0]));
            }
        }
        Self::Gathered {
            // Groups that no row looks at any more are left out; mostly there are none.
            used: (used.len() < groups).then(|| index_tensor(used, device)),
            gather: index_tensor(gather, device),
            per_group,
            back: index_tensor(back, device),
        }
    }
}
