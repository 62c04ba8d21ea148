//! A batch of rows that advance together through one model, on one cache.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, KvCache, Prefix, TokenBatch};

/// Rows of a batch: the cache behind them and a count of the tokens that went through the model.
pub struct Rows<'m, B: Backend, M> {
    model: &'m M,
    cache: KvCache<B>,
    computed: usize,
}

impl<'m, B: Backend, M: CausalLm<B>> Rows<'m, B, M> {
    /// `batch` rows that have seen nothing, with room for `capacity` tokens each.
    pub fn new(model: &'m M, batch: usize, capacity: usize) -> Self {
        let cache = KvCache::new(model.cache_shape(), batch, capacity, &model.device());
        Self { model, cache, computed: 0 }
    }

    /// Row `r` goes on from the first `visible[r]` tokens of group `group[r]` of `prefix`.
    pub fn on_prefix(
        model: &'m M,
        prefix: &Arc<Prefix<B>>,
        group: Vec<usize>,
        visible: Vec<usize>,
        capacity: usize,
    ) -> Self {
        let (shape, device) = (model.cache_shape(), model.device());
        let cache = KvCache::on_prefix(shape, prefix.clone(), group, visible, capacity, &device);
        Self { model, cache, computed: 0 }
    }

    /// Feeds every row its tokens, at least one each.
    ///
    /// # Shapes
    /// - returns hidden states `[batch, seq, d_model]`
    pub fn feed(&mut self, tokens: &TokenBatch) -> Tensor<B, 3> {
        self.computed += tokens.tokens();
        self.model.forward(tokens, &mut self.cache)
    }

    /// Feeds every row its tokens and returns the scores for what comes next, `vocab` a row.
    pub fn next_logits(&mut self, tokens: &TokenBatch) -> Vec<Vec<f32>> {
        let hidden = self.feed(tokens);
        self.last_logits(tokens, hidden)
    }

    /// The scores for what comes behind the last token of every row, `vocab` a row.
    ///
    /// # Shapes
    /// - `hidden`: `[batch, seq, d_model]`, of `tokens`
    pub fn last_logits(&self, tokens: &TokenBatch, hidden: Tensor<B, 3>) -> Vec<Vec<f32>> {
        let [batch, seq, d_model] = hidden.dims();
        let last: Vec<i32> = tokens
            .lens()
            .iter()
            .enumerate()
            .map(|(row, &len)| i32::try_from(row * seq + len - 1).unwrap_or(i32::MAX))
            .collect();
        let index = Tensor::from_ints(last.as_slice(), &hidden.device());
        let last = hidden.reshape([batch * seq, d_model]).select(0, index); // [batch, d_model]
        let logits = self.model.logits(last).into_data().convert::<f32>(); // [batch, vocab]
        let logits = logits.into_vec::<f32>().unwrap_or_default();
        logits.chunks(self.model.vocab_size()).map(<[f32]>::to_vec).collect()
    }

    /// Keeps the given rows in the given order; a row named twice is forked.
    pub fn select(&mut self, rows: &[usize]) {
        if rows.len() != self.cache.batch() || rows.iter().enumerate().any(|(i, &row)| i != row) {
            self.cache.select_rows(rows);
        }
    }

    /// Tokens that went through the model, padding not counted.
    pub fn computed(&self) -> usize {
        self.computed
    }

    /// Ends the batch and makes what its rows have seen a prefix for others.
    pub fn freeze(self) -> Prefix<B> {
        self.cache.freeze()
    }
}
