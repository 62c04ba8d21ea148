//! The seam between language models and everything that uses one.

use burn::tensor::{Tensor, backend::Backend};

use crate::{
    kv_cache::{CacheShape, KvCache},
    token_batch::TokenBatch,
};

/// A decoder-only language model.
///
/// Hidden states and logits are two steps, since most uses want the logits of few positions and the product
/// with the vocabulary is the largest of the model.
pub trait CausalLm<B: Backend> {
    /// Number of token ids.
    fn vocab_size(&self) -> usize;

    /// The sizes of the model's cache.
    fn cache_shape(&self) -> CacheShape;

    /// Longest context that the model was trained for, in tokens.
    fn max_positions(&self) -> usize;

    /// Where the weights are.
    fn device(&self) -> B::Device;

    /// Feeds `tokens` behind what `cache` has seen, and returns their last hidden states.
    ///
    /// # Shapes
    /// - returns `[batch, seq, d_model]`; what stands behind a row's length is meaningless
    ///
    /// # Panics
    /// If `tokens` and `cache` disagree on `batch`.
    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3>;

    /// Scores over the vocabulary, before softmax.
    ///
    /// # Shapes
    /// - `hidden`: `[n, d_model]`
    /// - returns `[n, vocab]`
    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2>;
}
