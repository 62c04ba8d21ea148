//! The scores of what comes next, computed for the last tokens alone.

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, TokenBatch};

/// The scores for what comes behind the last token of every row, `vocab` a row.
///
/// # Shapes
/// - `hidden`: `[batch, seq, d_model]`, of `tokens`
pub(crate) fn last_logits<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokens: &TokenBatch,
    hidden: Tensor<B, 3>,
) -> Vec<Vec<f32>> {
    let [batch, seq, d_model] = hidden.dims();
    let mut last = hidden.clone().reshape([batch * seq, d_model]);
    if seq > 1 {
        let index: Vec<i32> = tokens
            .lens()
            .iter()
            .enumerate()
            .map(|(row, &len)| i32::try_from(row * seq + len - 1).unwrap_or(i32::MAX))
            .collect();
        last = last.select(0, Tensor::from_ints(index.as_slice(), &hidden.device())); // [batch, d_model]
    }
    let logits = model.logits(last).into_data().convert::<f32>(); // [batch, vocab]
    let logits = logits.into_vec::<f32>().unwrap_or_default();
    logits.chunks(model.vocab_size()).map(<[f32]>::to_vec).collect()
}
