//! Keys and values of tokens already seen: frozen prefixes shared by many rows, and a slab of each row's own.

mod in_place;
mod joining;
mod prefix;
mod slab;

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};

#[cfg(feature = "flex")]
use crate::flex::Numbers;
use crate::token_batch::TokenBatch;

pub use joining::{Context, Seen};
pub use prefix::Prefix;
pub(crate) use prefix::PrefixView;
use slab::Slabs;

/// The sizes that a cache must agree on with its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheShape {
    /// Number of transformer blocks.
    pub n_layers: usize,
    /// Number of key/value heads.
    pub n_kv_heads: usize,
    /// Width of a head, in features.
    pub d_head: usize,
}

/// Keys and values of one block.
#[derive(Clone, Debug)]
pub(crate) struct LayerKv<B: Backend> {
    pub(crate) k: Tensor<B, 4>,
    pub(crate) v: Tensor<B, 4>,
}

impl<B: Backend> LayerKv<B> {
    fn map(&self, f: impl Fn(Tensor<B, 4>) -> Tensor<B, 4>) -> Self {
        Self { k: f(self.k.clone()), v: f(self.v.clone()) }
    }
}

/// What a batch of rows has seen so far.
///
/// A row's context is: its groups of the shared prefixes, then its own tokens. Own tokens stand in slabs
/// allocated once; columns that are padding for a row stay in the slab and are masked. Rows may join and leave.
#[derive(Clone, Debug)]
pub struct KvCache<B: Backend> {
    pub(crate) prefixes: Vec<PrefixView<B>>,
    slabs: Slabs<B>,
    shape: CacheShape,
    batch: usize,
    /// Of every column in use, whether it holds a token of the row.
    valid: Vec<Vec<bool>>,
    positions: Vec<usize>,
    /// Whether keys and values are read again by a later pass.
    is_read_again: bool,
    device: B::Device,
}

impl<B: Backend> KvCache<B> {
    /// An empty cache for `batch` rows with room for `capacity` own tokens each.
    pub fn new(shape: CacheShape, batch: usize, capacity: usize, device: &B::Device) -> Self {
        Self {
            prefixes: Vec::new(),
            slabs: Slabs::new(shape, batch, capacity, device),
            shape,
            batch,
            valid: vec![Vec::new(); batch],
            positions: vec![0; batch],
            is_read_again: true,
            device: device.clone(),
        }
    }

    /// An empty cache for one pass of `batch` rows, as in training: no other pass follows, so keys and values need not be
    /// kept.
    pub fn for_one_pass(shape: CacheShape, batch: usize, device: &B::Device) -> Self {
        Self { is_read_again: false, ..Self::new(shape, batch, 0, device) }
    }

    /// Whether keys and values are read again by a later pass.
    #[cfg(feature = "flex")]
    pub(crate) fn is_read_again(&self) -> bool {
        self.is_read_again
    }

    /// A cache whose row `r` continues from the first `visible[r]` tokens of group `group[r]` of `prefix`.
    ///
    /// # Panics
    /// If `group` and `visible` differ in length, or name tokens that the prefix does not have.
    pub fn on_prefix(
        shape: CacheShape,
        prefix: Arc<Prefix<B>>,
        group: Vec<usize>,
        visible: Vec<usize>,
        capacity: usize,
        device: &B::Device,
    ) -> Self {
        assert_eq!(group.len(), visible.len(), "one group and one length per row");
        let mut cache = Self::new(shape, group.len(), capacity, device);
        // What a group stands on is seen whole by every row on it.
        for below in &prefix.base {
            cache.push_view(PrefixView {
                prefix: below.prefix.clone(),
                group: group.iter().map(|&g| below.group[g]).collect(),
                visible: group.iter().map(|&g| below.visible[g]).collect(),
            });
        }
        cache.push_view(PrefixView { prefix, group, visible });
        cache
    }

    fn push_view(&mut self, view: PrefixView<B>) {
        for (row, (&group, &visible)) in view.group.iter().zip(&view.visible).enumerate() {
            assert!(visible <= view.prefix.lens[group], "row {row} wants more tokens than the prefix has");
            self.positions[row] += visible;
        }
        self.prefixes.push(view);
    }

    /// Number of rows.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Position that each row's next token takes.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// The sizes of the model that it is for.
    pub fn shape(&self) -> CacheShape {
        self.shape
    }

    /// Where keys and values are.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// The position of every token of `tokens`, rows one after another, without padding.
    /// To be asked before [`KvCache::reserve`] counts them as seen.
    pub fn positions_of(&self, tokens: &TokenBatch) -> Vec<usize> {
        let rows = self.positions.iter().zip(tokens.lens());
        rows.flat_map(|(&start, &len)| start..start + len).collect()
    }

    /// Columns of the rows' own tokens: as many as the row with the most has.
    pub fn columns(&self) -> usize {
        self.slabs.width()
    }

    /// Whether row `row`'s slab column `column` holds a token of the row.
    pub(crate) fn is_valid(&self, row: usize, column: usize) -> bool {
        self.valid[row][column]
    }

    /// Whether some column of the slabs is padding for a row.
    pub(crate) fn has_padding(&self) -> bool {
        self.valid.iter().any(|row| row.contains(&false))
    }

    /// Makes room for `tokens` and counts them as seen; the model then writes them block by block.
    ///
    /// # Panics
    /// If `tokens` has another number of rows.
    pub fn reserve(&mut self, tokens: &TokenBatch) {
        assert_eq!(tokens.batch(), self.batch, "the batch and the cache must have the same rows");
        let before = self.columns();
        self.slabs.extend(self.batch, tokens.seq());
        for (row, &len) in tokens.lens().iter().enumerate() {
            self.valid[row].resize(before + len, true);
            self.valid[row].resize(before + tokens.seq(), false);
            self.positions[row] += len;
        }
    }

    /// Writes a block's new keys and values into its slab and returns all of the rows' own ones.
    ///
    /// # Shapes
    /// - `k`, `v`: `[batch * seq, n_kv_heads * d_head]`
    /// - returns `[n_kv_heads, batch, columns, d_head]` of both
    pub(crate) fn write(&mut self, layer: usize, k: Tensor<B, 2>, v: Tensor<B, 2>) -> LayerKv<B> {
        let CacheShape { n_kv_heads: heads, d_head, .. } = self.shape;
        let (rows, seq) = (self.batch, k.dims()[0] / self.batch);
        let heads_first = |x: Tensor<B, 2>| x.reshape([rows, seq, heads, d_head]).permute([2, 0, 1, 3]); // [n_kv_heads, batch, seq, d_head]
        let new = LayerKv { k: heads_first(k), v: heads_first(v) };
        if !self.is_read_again {
            assert_eq!(self.columns(), seq, "a cache for one pass was given to another");
            return new;
        }
        if self.slabs.is_filled_by(layer, rows, seq) {
            self.slabs.put(layer, new.clone());
            return new;
        }
        self.slabs.write(layer, 0, self.columns() - seq, new.clone());
        self.slabs.seen(layer, rows).unwrap_or(new)
    }

    /// [`KvCache::write`] without padding, for burn-flex.
    ///
    /// # Shapes
    /// - `k`, `v`: `[tokens, n_kv_heads * d_head]`, of `lens` tokens a row
    /// - returns `[n_kv_heads, batch, columns, d_head]` of both
    #[cfg(feature = "flex")]
    pub(crate) fn write_tokens(
        &mut self,
        layer: usize,
        [k, v]: [Numbers<2>; 2],
        lens: &[usize],
    ) -> LayerKv<B> {
        let seq = lens.iter().copied().max().unwrap_or(0);
        self.slabs.write_tokens(layer, self.columns() - seq, [k, v], lens)
    }

    /// Turns the rows' own tokens into a prefix with one group per row, standing on this cache's prefixes.
    ///
    /// # Panics
    /// If a row has padding between its tokens (it was fed more than one uneven batch).
    pub fn freeze(self) -> Prefix<B> {
        let lens: Vec<usize> = self
            .valid
            .iter()
            .map(|row| {
                let len = row.iter().take_while(|&&valid| valid).count();
                assert!(!row[len..].contains(&true), "a row with inner padding cannot become a prefix");
                len
            })
            .collect();
        Prefix { layers: self.slabs.into_layers(self.batch), lens, base: self.prefixes }
    }

    /// Keeps the given rows, in the given order; a row may be named more than once (it is forked).
    pub fn select_rows(&mut self, rows: &[usize]) {
        self.slabs.select_rows(rows);
        for view in &mut self.prefixes {
            view.group = rows.iter().map(|&row| view.group[row]).collect();
            view.visible = rows.iter().map(|&row| view.visible[row]).collect();
        }
        self.valid = rows.iter().map(|&row| self.valid[row].clone()).collect();
        self.positions = rows.iter().map(|&row| self.positions[row]).collect();
        self.batch = rows.len();
    }

    /// Bytes of the rows' own tokens and the room for more; the prefixes not counted.
    pub fn bytes(&self) -> usize {
        self.slabs.bytes()
    }

    /// The same, when every row has `seq` more.
    pub fn bytes_with(&self, seq: usize) -> usize {
        self.slabs.bytes_with(seq)
    }

    /// Bytes that `rows` rows of `columns` own tokens take.
    pub fn bytes_of(&self, rows: usize, columns: usize) -> usize {
        self.slabs.bytes_of(rows, columns)
    }

    /// Gives back room that no row needs; whether there was any.
    pub fn shrink(&mut self) -> bool {
        self.slabs.shrink(self.batch)
    }
}
