//! A forward pass in the parts that it goes through one after another: embedding, blocks, norm.
//!
//! Training computes parts again, so that not all of what they leave has to be kept.

use burn::tensor::{DType, Tensor, backend::Backend};

use crate::{
    attention::AttentionPlan,
    families::LanguageModel,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    rotary::{Rope, RotaryTables},
    token_batch::TokenBatch,
};

/// What all blocks of one forward pass share.
pub struct Pass<B: Backend> {
    /// Of every token, without padding.
    pub(crate) positions: Vec<usize>,
    /// For each kind of block; none where positions are learnt.
    pub(crate) rotary: Vec<RotaryTables<B>>,
    /// What tokens see, for each kind of block.
    pub(crate) plans: Vec<AttentionPlan<B>>,
}

impl<B: Backend> Pass<B> {
    /// The pass of `tokens` where all blocks rotate alike and a token sees all before it. Queries are divided by the root of
    /// a head's width.
    pub(crate) fn rotated(
        rope: &Rope,
        n_heads: usize,
        dtype: DType,
        tokens: &TokenBatch,
        cache: &mut KvCache<B>,
    ) -> Self {
        let positions = cache.positions_of(tokens);
        cache.reserve(tokens);
        let CacheShape { n_kv_heads, d_head, .. } = cache.shape();
        let scale = (d_head as f32).powf(-0.5);
        let rotary = rope.tables(&positions, [n_heads, n_kv_heads], scale, (cache.device(), dtype));
        Self { positions, rotary: vec![rotary], plans: vec![AttentionPlan::new(tokens, cache, n_heads)] }
    }
}

/// The whole pass, as [`CausalLm::forward`](crate::CausalLm::forward).
pub(crate) fn forward<B: Backend, F: Family<B>>(
    model: &F,
    tokens: &TokenBatch,
    cache: &mut KvCache<B>,
) -> Tensor<B, 3> {
    let pass = model.plan(tokens, cache);
    let mut x = model.embed(tokens, &pass); // [tokens, d_model]
    for block in 0..model.n_blocks() {
        x = model.block(block, x, &pass, cache); // [tokens, d_model]
    }
    tokens.padded(model.finish(x)) // [batch, seq, d_model]
}

impl<B: Backend> LanguageModel<B> {
    /// Number of transformer blocks.
    pub fn n_blocks(&self) -> usize {
        self.family().n_blocks()
    }

    /// Plans the pass of `tokens` behind what `cache` has seen, and counts them as seen.
    ///
    /// # Panics
    /// If `tokens` and `cache` disagree on `batch`.
    pub fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        self.family().plan(tokens, cache)
    }

    /// What goes into the first block.
    ///
    /// # Shapes
    /// - returns `[tokens, d_model]`, without padding
    pub fn embed(&self, tokens: &TokenBatch, pass: &Pass<B>) -> Tensor<B, 2> {
        self.family().embed(tokens, pass)
    }

    /// A block, by its number from 0.
    ///
    /// # Shapes
    /// - `x`: `[tokens, d_model]`
    /// - returns the same
    ///
    /// # Panics
    /// If there is no such block.
    pub fn block(
        &self,
        block: usize,
        x: Tensor<B, 2>,
        pass: &Pass<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        self.family().block(block, x, pass, cache)
    }

    /// From what the last block gives to hidden states.
    ///
    /// # Shapes
    /// - `x`: `[tokens, d_model]`
    /// - returns the same
    pub fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.family().finish(x)
    }
}
