//! Rows that join a running batch and leave it, and tokens that are taken out of a row or back.

use std::{ops::Range, sync::Arc};

use burn::tensor::backend::Backend;

use super::{CacheShape, KvCache, Prefix, PrefixView};

/// The first tokens of a prefix with one group, as a row has them.
#[derive(Clone, Debug)]
pub struct Seen<B: Backend> {
    /// The prefix; it stands on no other.
    pub prefix: Arc<Prefix<B>>,
    /// How many of its tokens.
    pub tokens: usize,
}

/// What a row has seen already: prefixes, each standing on the one before.
#[derive(Clone, Debug)]
pub struct Context<B: Backend> {
    /// Looked at where they are, together with other rows.
    pub shared: Vec<Seen<B>>,
    /// Behind them, copied to the row's own tokens.
    pub copied: Vec<Seen<B>>,
}

impl<B: Backend> KvCache<B> {
    /// A cache whose rows have seen `contexts`, with room for `capacity` further tokens each.
    pub fn on_contexts(
        shape: CacheShape,
        contexts: &[Context<B>],
        capacity: usize,
        device: &B::Device,
    ) -> Self {
        let own = |context: &Context<B>| context.copied.iter().map(|seen| seen.tokens).sum::<usize>();
        let width = contexts.iter().map(own).max().unwrap_or(0);
        let mut cache = Self::new(shape, contexts.len(), width + capacity, device);
        for (row, context) in contexts.iter().enumerate() {
            for seen in &context.shared {
                cache.see(row, seen);
            }
        }
        if width == 0 {
            return cache;
        }
        cache.slabs.extend(contexts.len(), width);
        for (row, context) in contexts.iter().enumerate() {
            let len = own(context);
            let mut at = width - len;
            for seen in &context.copied {
                cache.write_prefix(row, at, seen);
                at += seen.tokens;
            }
            cache.valid[row] = [vec![false; width - len], vec![true; len]].concat();
            cache.positions[row] += len;
        }
        cache
    }

    fn write_prefix(&mut self, row: usize, at: usize, seen: &Seen<B>) {
        for (layer, kv) in seen.prefix.layers.iter().enumerate().filter(|_| seen.tokens > 0) {
            self.slabs.write(layer, row, at, kv.map(|x| x.narrow(2, 0, seen.tokens)));
        }
    }

    /// Lets a row look at a prefix.
    fn see(&mut self, row: usize, seen: &Seen<B>) {
        let batch = self.batch;
        let view = self.view_of(&seen.prefix, batch);
        self.prefixes[view].visible[row] = seen.tokens;
        self.positions[row] += seen.tokens;
    }

    /// The view of a prefix; a new one is looked at by none of the `rows` rows.
    fn view_of(&mut self, prefix: &Arc<Prefix<B>>, rows: usize) -> usize {
        let same = |view: &PrefixView<B>| Arc::ptr_eq(&view.prefix, prefix);
        self.prefixes.iter().position(same).unwrap_or_else(|| {
            let (group, visible) = (vec![0; rows], vec![0; rows]);
            self.prefixes.push(PrefixView { prefix: prefix.clone(), group, visible });
            self.prefixes.len() - 1
        })
    }

    /// Adds rows behind the others: copies of `rows` of `other`, where one may be named more than once. Room is made for
    /// `slots` rows at once if there are to be so many.
    ///
    /// # Panics
    /// If `other` is for a model of other sizes, or has no such row.
    pub fn join(&mut self, other: &Self, rows: &[usize], slots: usize) {
        assert_eq!(self.shape, other.shape, "rows of two models cannot be one batch");
        let before = self.batch;
        for view in &other.prefixes {
            let at = self.view_of(&view.prefix, before);
            let ours = &mut self.prefixes[at];
            ours.group.extend(rows.iter().map(|&row| view.group[row]));
            ours.visible.extend(rows.iter().map(|&row| view.visible[row]));
        }
        self.batch += rows.len();
        for view in &mut self.prefixes {
            view.group.resize(self.batch, 0);
            view.visible.resize(self.batch, 0);
        }
        self.drop_unused_prefixes();
        let own: Vec<Vec<usize>> = rows.iter().map(|&row| other.own_columns(row)).collect();
        let longest = own.iter().map(Vec::len).max().unwrap_or(0);
        let added = longest.saturating_sub(self.columns());
        let slots = if self.batch > self.slabs.slots() { slots.max(self.batch) } else { self.slabs.slots() };
        self.slabs.make_room(before, slots, longest);
        for valid in &mut self.valid {
            valid.splice(0..0, std::iter::repeat_n(false, added));
        }
        let width = self.columns();
        for (slot, (&row, columns)) in rows.iter().zip(&own).enumerate() {
            self.valid.push([vec![false; width - columns.len()], vec![true; columns.len()]].concat());
            self.positions.push(other.positions[row]);
            for layer in (0..self.shape.n_layers).filter(|_| !columns.is_empty()) {
                if let Some(kv) = other.slabs.copied(layer, row, columns) {
                    self.slabs.write(layer, before + slot, width - columns.len(), kv);
                }
            }
        }
    }

    /// Takes a row out; the last row gets its number.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn swap_remove(&mut self, row: usize) {
        let last = self.batch - 1;
        if row < last && self.columns() > 0 {
            let columns: Vec<usize> = (0..self.columns()).collect();
            for layer in 0..self.shape.n_layers {
                // A copy: what is written in place has one owner.
                if let Some(kv) = self.slabs.copied(layer, last, &columns) {
                    self.slabs.write(layer, row, 0, kv);
                }
            }
        }
        self.valid.swap_remove(row);
        self.positions.swap_remove(row);
        for view in &mut self.prefixes {
            view.group.swap_remove(row);
            view.visible.swap_remove(row);
        }
        self.batch = last;
        self.drop_unused_prefixes();
        // Columns that only it had.
        let unused = |row: &Vec<bool>| row.iter().take_while(|&&valid| !valid).count();
        let unused = self.valid.iter().map(unused).min().unwrap_or(self.columns());
        self.slabs.drop_front(unused);
        for valid in &mut self.valid {
            valid.drain(..unused);
        }
    }

    fn drop_unused_prefixes(&mut self) {
        self.prefixes.retain(|view| view.visible.iter().any(|&visible| visible > 0));
    }

    /// The prefixes that rows look at.
    pub fn shared(&self) -> impl Iterator<Item = &Arc<Prefix<B>>> {
        self.prefixes.iter().map(|view| &view.prefix)
    }

    /// Number of a row's own tokens: those that are in no prefix.
    pub fn own_tokens(&self, row: usize) -> usize {
        self.own_columns(row).len()
    }

    fn own_columns(&self, row: usize) -> Vec<usize> {
        self.valid[row].iter().enumerate().filter_map(|(column, &valid)| valid.then_some(column)).collect()
    }

    /// A copy of some of a row's own tokens, as a prefix of one group that stands on nothing.
    ///
    /// # Panics
    /// If the row has not so many tokens.
    pub fn copy_of(&self, row: usize, tokens: Range<usize>) -> Prefix<B> {
        let columns = &self.own_columns(row)[tokens];
        let layers = (0..self.shape.n_layers).filter_map(|layer| self.slabs.copied(layer, row, columns));
        Prefix { layers: layers.collect(), lens: vec![columns.len()], base: Vec::new() }
    }

    /// Takes a row's last `tokens` own tokens back: what follows stands in their positions.
    ///
    /// # Panics
    /// If the row has not so many tokens of its own.
    pub fn take_back(&mut self, row: usize, tokens: usize) {
        let columns = self.own_columns(row);
        for &column in &columns[columns.len() - tokens..] {
            self.valid[row][column] = false;
        }
        self.positions[row] -= tokens;
    }
}
