//! A batch of rows that advance together through one model, on one cache.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, KvCache, Prefix, TokenBatch, forward_in_chunks};

use crate::last_logits::last_logits;

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
        forward_in_chunks(self.model, tokens, &mut self.cache)
    }

    /// Feeds every row its tokens and returns the scores for what comes next, `vocab` a row.
    pub fn next_logits(&mut self, tokens: &TokenBatch) -> Vec<Vec<f32>> {
        let hidden = self.feed(tokens);
        last_logits(self.model, tokens, hidden)
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
