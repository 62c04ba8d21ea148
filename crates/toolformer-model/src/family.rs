//! What a model family shows to saving, merging and LoRA.

use burn::tensor::{Tensor, backend::Backend};

use crate::{
    causal_lm::CausalLm, kv_cache::KvCache, leaf::Leaf, pass::Pass, projection::Projection,
    resize_embedding::PerId, token_batch::TokenBatch,
};

/// A family of models, such as Llama.
pub(crate) trait Family<B: Backend>: CausalLm<B> {
    /// Width of the hidden states.
    fn d_model(&self) -> usize;

    /// Number of blocks.
    fn n_blocks(&self) -> usize;

    /// Plans a pass behind what `cache` has seen, and counts its tokens as seen.
    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B>;

    /// What goes into the first block, `[tokens, d_model]`.
    fn embed(&self, tokens: &TokenBatch, pass: &Pass<B>) -> Tensor<B, 2>;

    /// A block, `[tokens, d_model]` to the same.
    fn block(&self, block: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2>;

    /// From what the last block gives to hidden states, `[tokens, d_model]`.
    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2>;

    /// Everything that owns parameters, once.
    fn leaves(&self) -> Vec<&dyn Leaf<B>>;

    /// The linear layers between embedding and head, in the order of [`Family::leaves`].
    fn projections_mut(&mut self) -> Vec<&mut Projection<B>>;

    /// What has a row or a number for every token id.
    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>>;

    /// The linear layers between embedding and head.
    fn projections(&self) -> Vec<&Projection<B>> {
        self.leaves().into_iter().filter_map(Leaf::projection).collect()
    }
}
