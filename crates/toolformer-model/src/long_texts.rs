//! Long texts in pieces, so that the memory of attention grows with their length and not with its square.

use burn::tensor::{Tensor, backend::Backend};

use crate::{causal_lm::CausalLm, kv_cache::KvCache, token_batch::TokenBatch};

/// Tokens of a text that go through the model at once: scores and masks take this many times the length of the text, times
/// the heads.
const CHUNK: usize = 512;

/// [`CausalLm::forward`], where a single text goes through the model in pieces if it is long. For texts to be read, not to
/// be trained on.
///
/// # Shapes
/// - returns `[batch, seq, d_model]`
///
/// # Panics
/// As [`CausalLm::forward`].
pub fn forward_in_chunks<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokens: &TokenBatch,
    cache: &mut KvCache<B>,
) -> Tensor<B, 3> {
    if tokens.batch() > 1 || tokens.seq() <= CHUNK {
        return model.forward(tokens, cache);
    }
    let pieces = tokens.row(0).chunks(CHUNK).map(|piece| model.forward(&TokenBatch::new(&[piece]), cache));
    Tensor::cat(pieces.collect(), 1) // [1, seq, d_model]
}
