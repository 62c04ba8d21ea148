//! Keys and values of tokens already seen: frozen prefixes shared by many rows, and a slab of each row's own.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};

use crate::token_batch::TokenBatch;

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

/// Keys and values that do not change any more: `[n_kv_heads, groups, len, d_head]` per block.
///
/// Any number of rows may look at one group, each at as many of its tokens as it likes, without a copy.
#[derive(Clone, Debug)]
pub struct Prefix<B: Backend> {
    pub(crate) layers: Vec<LayerKv<B>>,
    lens: Vec<usize>,
    /// What the groups stand on themselves, oldest first; the same for all groups.
    base: Vec<PrefixView<B>>,
}

impl<B: Backend> Prefix<B> {
    /// Tokens held per group, the prefixes below not counted.
    pub fn lens(&self) -> &[usize] {
        &self.lens
    }

    /// Padded length of the groups.
    pub(crate) fn width(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.k.dims()[2])
    }
}

/// How the rows of a batch look at a prefix.
#[derive(Clone, Debug)]
pub(crate) struct PrefixView<B: Backend> {
    pub(crate) prefix: Arc<Prefix<B>>,
    /// The group that each row looks at.
    pub(crate) group: Vec<usize>,
    /// How many of the group's tokens each row sees.
    pub(crate) visible: Vec<usize>,
}

/// What a batch of rows has seen so far.
///
/// A row's context is: its groups of the shared prefixes, then its own tokens. Own tokens stand in slabs
/// allocated once; columns that are padding for a row stay in the slab and are masked.
#[derive(Clone, Debug)]
pub struct KvCache<B: Backend> {
    pub(crate) prefixes: Vec<PrefixView<B>>,
    pub(crate) slabs: Vec<Option<LayerKv<B>>>,
    shape: CacheShape,
    batch: usize,
    capacity: usize,
    columns: usize,
    valid: Vec<Vec<bool>>,
    positions: Vec<usize>,
    device: B::Device,
}

impl<B: Backend> KvCache<B> {
    /// An empty cache for `batch` rows with room for `capacity` own tokens each.
    pub fn new(shape: CacheShape, batch: usize, capacity: usize, device: &B::Device) -> Self {
        Self {
            prefixes: Vec::new(),
            slabs: vec![None; shape.n_layers],
            shape,
            batch,
            capacity,
            columns: 0,
            valid: vec![Vec::new(); batch],
            positions: vec![0; batch],
            device: device.clone(),
        }
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

    /// The position of every token of `tokens`, rows one after another; those of padding go on behind their row's.
    /// To be asked before [`KvCache::reserve`] counts them as seen.
    pub fn positions_of(&self, tokens: &TokenBatch) -> Vec<usize> {
        self.positions.iter().flat_map(|&start| start..start + tokens.seq()).collect()
    }

    /// Columns of the slabs in use.
    pub(crate) fn columns(&self) -> usize {
        self.columns
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
        self.columns += tokens.seq();
        if self.columns > self.capacity {
            self.grow(self.columns.next_power_of_two());
        }
        for (row, &len) in tokens.lens().iter().enumerate() {
            self.valid[row].resize(self.columns - tokens.seq() + len, true);
            self.valid[row].resize(self.columns, false);
            self.positions[row] += len;
        }
    }

    fn grow(&mut self, capacity: usize) {
        let [heads, rows, d_head] = [self.shape.n_kv_heads, self.batch, self.shape.d_head];
        let extra = capacity - self.capacity;
        for slab in self.slabs.iter_mut().flatten() {
            let longer = |x: &Tensor<B, 4>| {
                Tensor::cat(
                    vec![x.clone(), Tensor::zeros([heads, rows, extra, d_head], (&self.device, x.dtype()))],
                    2,
                )
            };
            *slab = LayerKv { k: longer(&slab.k), v: longer(&slab.v) };
        }
        self.capacity = capacity;
    }

    /// Writes a block's new keys and values into its slab and returns all of the rows' own ones.
    ///
    /// # Shapes
    /// - `k`, `v`: `[n_kv_heads, batch, seq, d_head]`
    /// - returns `[n_kv_heads, batch, columns, d_head]`, twice
    pub(crate) fn write(
        &mut self,
        layer: usize,
        k: Tensor<B, 4>,
        v: Tensor<B, 4>,
    ) -> (Tensor<B, 4>, Tensor<B, 4>) {
        let [heads, rows, seq, d_head] = k.dims();
        let start = self.columns - seq;
        if start == 0 && self.columns == self.capacity {
            let _ = self.slabs[layer].insert(LayerKv { k: k.clone(), v: v.clone() });
            return (k, v);
        }
        let zeros = || Tensor::zeros([heads, rows, self.capacity, d_head], (&self.device, k.dtype()));
        // Taken out, so that the slab has one owner and is written in place.
        let slab = self.slabs[layer].take().unwrap_or_else(|| LayerKv { k: zeros(), v: zeros() });
        let target = [0..heads, 0..rows, start..self.columns, 0..d_head];
        let slab = LayerKv { k: slab.k.slice_assign(target.clone(), k), v: slab.v.slice_assign(target, v) };
        let seen = (slab.k.clone().narrow(2, 0, self.columns), slab.v.clone().narrow(2, 0, self.columns));
        self.slabs[layer] = Some(slab);
        seen
    }

    /// Turns the rows' own tokens into a prefix with one group per row, standing on this cache's prefixes.
    ///
    /// # Panics
    /// If a row has padding between its tokens (it was fed more than one uneven batch).
    pub fn freeze(self) -> Prefix<B> {
        let columns = self.columns;
        let lens: Vec<usize> = self
            .valid
            .iter()
            .map(|row| {
                let len = row.iter().take_while(|&&valid| valid).count();
                assert!(!row[len..].contains(&true), "a row with inner padding cannot become a prefix");
                len
            })
            .collect();
        let layers = self.slabs.into_iter().flatten();
        let layers = layers
            .map(|slab| LayerKv { k: slab.k.narrow(2, 0, columns), v: slab.v.narrow(2, 0, columns) })
            .collect();
        Prefix { layers, lens, base: self.prefixes }
    }

    /// Keeps the given rows, in the given order; a row may be named more than once (it is forked).
    pub fn select_rows(&mut self, rows: &[usize]) {
        let index: Vec<i32> = rows.iter().map(|&row| i32::try_from(row).unwrap_or(i32::MAX)).collect();
        let index = Tensor::<B, 1, burn::tensor::Int>::from_ints(index.as_slice(), &self.device);
        for slab in self.slabs.iter_mut().flatten() {
            *slab = LayerKv {
                k: slab.k.clone().select(1, index.clone()),
                v: slab.v.clone().select(1, index.clone()),
            };
        }
        for view in &mut self.prefixes {
            view.group = rows.iter().map(|&row| view.group[row]).collect();
            view.visible = rows.iter().map(|&row| view.visible[row]).collect();
        }
        self.valid = rows.iter().map(|&row| self.valid[row].clone()).collect();
        self.positions = rows.iter().map(|&row| self.positions[row]).collect();
        self.batch = rows.len();
    }
}
