//! The memory of the rows' own tokens: allocated once for many, written in place.

use std::ops::Range;

use burn::tensor::{DType, Tensor, backend::Backend};

#[cfg(feature = "flex")]
use super::in_place::put_tokens;
use super::{CacheShape, LayerKv, in_place::put};
#[cfg(feature = "flex")]
use crate::flex::Numbers;
use crate::index_tensor::index_tensor;

/// A capacity for `columns` columns that lasts for a while.
fn with_room(columns: usize) -> usize {
    columns + columns / 4 + 16
}

/// Keys and values of the rows' own tokens: `[n_kv_heads, slots, capacity, d_head]` per block.
///
/// Rows have the first slots. All are written at the same column, so a row's last token stands at the end, and rows
/// that are shorter than others begin later.
#[derive(Clone, Debug)]
pub(super) struct Slabs<B: Backend> {
    layers: Vec<Option<LayerKv<B>>>,
    shape: CacheShape,
    slots: usize,
    capacity: usize,
    /// The columns in use.
    columns: Range<usize>,
    device: B::Device,
}

impl<B: Backend> Slabs<B> {
    pub(super) fn new(shape: CacheShape, slots: usize, capacity: usize, device: &B::Device) -> Self {
        let layers = vec![None; shape.n_layers];
        Self { layers, shape, slots, capacity, columns: 0..0, device: device.clone() }
    }

    /// Columns in use.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Makes the first `rows` slots and `seq` more columns usable at the end.
    pub(super) fn extend(&mut self, rows: usize, seq: usize) {
        if self.columns.end + seq > self.capacity {
            self.lay_out(rows, self.slots, 0, self.capacity_with(seq));
        }
        self.columns.end += seq;
    }

    /// The capacity when there are `seq` more columns.
    fn capacity_with(&self, seq: usize) -> usize {
        let needed = self.width() + seq;
        // Where few of the columns are in use, moving them to the front is enough.
        if self.columns.end + seq <= self.capacity || needed <= self.capacity / 2 {
            self.capacity
        } else {
            with_room(needed)
        }
    }

    /// Takes no more memory than `rows` rows need for the next tokens; whether it took more.
    pub(super) fn shrink(&mut self, rows: usize) -> bool {
        let capacity = with_room(self.width());
        let is_smaller = rows < self.slots || capacity < self.capacity;
        if is_smaller {
            self.lay_out(rows, rows, 0, capacity.min(self.capacity));
        }
        is_smaller
    }

    /// Makes `slots` rows and at least `width` columns usable, where `rows` rows have tokens; columns that are new stand
    /// at the front.
    pub(super) fn make_room(&mut self, rows: usize, slots: usize, width: usize) {
        let front = width.saturating_sub(self.width());
        if rows == 0 && slots <= self.slots && width <= self.capacity {
            self.columns = 0..width;
        } else if slots > self.slots || front > self.columns.start {
            // Behind them there is room to go on for a while.
            let capacity = with_room(self.width().max(width));
            self.lay_out(rows, slots.max(self.slots), front, capacity);
        } else {
            self.columns.start -= front;
        }
    }

    /// Rows that there is room for.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Moves what `rows` rows have into slabs of another size, with `front` columns before it.
    fn lay_out(&mut self, rows: usize, slots: usize, front: usize, capacity: usize) {
        let [heads, d_head] = [self.shape.n_kv_heads, self.shape.d_head];
        let width = self.width();
        for slab in self.layers.iter_mut().flatten() {
            let moved = |old: &Tensor<B, 4>| {
                let new = Tensor::zeros([heads, slots, capacity, d_head], (&self.device, old.dtype()));
                if rows == 0 || width == 0 {
                    return new;
                }
                let old = old.clone().slice([0..heads, 0..rows, self.columns.clone(), 0..d_head]);
                put(new, [0, front], old)
            };
            *slab = LayerKv { k: moved(&slab.k), v: moved(&slab.v) };
        }
        (self.slots, self.capacity, self.columns) = (slots, capacity, 0..front + width);
    }

    /// Leaves the first `columns` in use to themselves.
    pub(super) fn drop_front(&mut self, columns: usize) {
        self.columns.start += columns;
        if self.width() == 0 {
            self.columns = 0..0;
        }
    }

    /// Whether nothing was written yet and `rows` rows of `seq` columns fill it.
    pub(super) fn is_filled_by(&self, layer: usize, rows: usize, seq: usize) -> bool {
        self.layers[layer].is_none() && self.slots == rows && self.columns == (0..seq) && self.capacity == seq
    }

    pub(super) fn put(&mut self, layer: usize, kv: LayerKv<B>) {
        self.layers[layer] = Some(kv);
    }

    /// What `rows` rows have in the columns in use.
    pub(super) fn seen(&self, layer: usize, rows: usize) -> Option<LayerKv<B>> {
        Some(self.part(self.layers[layer].as_ref()?, rows))
    }

    /// The first `rows` slots of a slab, and the columns in use.
    fn part(&self, slab: &LayerKv<B>, rows: usize) -> LayerKv<B> {
        slab.map(|x| x.narrow(1, 0, rows).narrow(2, self.columns.start, self.columns.len()))
    }

    /// Writes `[n_kv_heads, rows, columns, d_head]` into slots from `slot` on, at `at` of the columns in use.
    pub(super) fn write(&mut self, layer: usize, slot: usize, at: usize, kv: LayerKv<B>) {
        let slab = self.take(layer, [kv.k.dtype(), kv.v.dtype()]);
        let at = self.columns.start + at;
        let slab = LayerKv { k: put(slab.k, [slot, at], kv.k), v: put(slab.v, [slot, at], kv.v) };
        self.layers[layer] = Some(slab);
    }

    /// Writes `[tokens, n_kv_heads * d_head]` into the first slots, `lens` tokens each, from `at` of the columns in use on, and
    /// returns what these slots have in the columns in use.
    #[cfg(feature = "flex")]
    pub(super) fn write_tokens(
        &mut self,
        layer: usize,
        at: usize,
        [k, v]: [Numbers<2>; 2],
        lens: &[usize],
    ) -> LayerKv<B> {
        let slab = self.take(layer, [k.dtype(), v.dtype()]);
        let at = self.columns.start + at;
        let slab = LayerKv { k: put_tokens(slab.k, at, &k, lens), v: put_tokens(slab.v, at, &v, lens) };
        let seen = self.part(&slab, lens.len());
        self.layers[layer] = Some(slab);
        seen
    }

    /// Takes a slab out, so that it has one owner and is written in place; a new one is in these numbers.
    fn take(&mut self, layer: usize, [k, v]: [DType; 2]) -> LayerKv<B> {
        let CacheShape { n_kv_heads, d_head, .. } = self.shape;
        let size = [n_kv_heads, self.slots, self.capacity, d_head];
        let zeros = |dtype: DType| Tensor::zeros(size, (&self.device, dtype));
        self.layers[layer].take().unwrap_or_else(|| LayerKv { k: zeros(k), v: zeros(v) })
    }

    /// A copy of some of a row's columns, `[n_kv_heads, 1, columns.len(), d_head]`.
    pub(super) fn copied(&self, layer: usize, row: usize, columns: &[usize]) -> Option<LayerKv<B>> {
        let slab = self.layers[layer].as_ref()?;
        let index = index_tensor::<B>(columns.iter().map(|at| self.columns.start + at), &self.device);
        let copy = |x: &Tensor<B, 4>| x.clone().narrow(1, row, 1).select(2, index.clone());
        Some(LayerKv { k: copy(&slab.k), v: copy(&slab.v) })
    }

    /// Keeps the given rows, in the given order.
    pub(super) fn select_rows(&mut self, rows: &[usize]) {
        let index = index_tensor::<B>(rows.iter().copied(), &self.device);
        for slab in self.layers.iter_mut().flatten() {
            let kept = |x: &Tensor<B, 4>| x.clone().select(1, index.clone());
            *slab = LayerKv { k: kept(&slab.k), v: kept(&slab.v) };
        }
        self.slots = rows.len();
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let of = |x: &Tensor<B, 4>| x.shape().num_elements() * x.dtype().size();
        self.layers.iter().flatten().map(|slab| of(&slab.k) + of(&slab.v)).sum()
    }

    /// Bytes that it will take with `seq` more columns.
    pub(super) fn bytes_with(&self, seq: usize) -> usize {
        self.bytes_of(self.slots, self.capacity_with(seq))
    }

    /// Bytes of `rows` rows of `columns` tokens.
    pub(super) fn bytes_of(&self, rows: usize, columns: usize) -> usize {
        let CacheShape { n_layers, n_kv_heads, d_head } = self.shape;
        // Before anything was written: f32.
        let number = self.layers.iter().flatten().next().map_or(4, |slab| slab.k.dtype().size());
        2 * n_layers * n_kv_heads * d_head * rows * columns * number
    }

    /// The blocks, in the columns in use.
    pub(super) fn into_layers(self, rows: usize) -> Vec<LayerKv<B>> {
        (0..self.layers.len()).filter_map(|layer| self.seen(layer, rows)).collect()
    }
}
