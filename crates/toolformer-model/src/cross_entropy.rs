//! The loss of a language model.

use burn::tensor::{Int, Tensor, TensorData, activation::log_softmax, backend::Backend};

#[cfg(feature = "flex")]
use crate::flex;

/// Sum of `-log p(target)` over the rows, in nats.
///
/// # Shapes
/// - `logits`: `[n, vocab]`
/// - `targets`: `[n]`, ids
/// - returns `[1]`
///
/// # Panics
/// If there are more or fewer targets than rows, or one is no id.
pub fn cross_entropy<B: Backend>(logits: Tensor<B, 2>, targets: &[u32]) -> Tensor<B, 1> {
    let [n, vocab] = logits.dims();
    assert_eq!(n, targets.len(), "one target a row");
    assert!(targets.iter().all(|&id| (id as usize) < vocab), "a target is no id of {vocab}");
    #[cfg(feature = "flex")]
    if let Some(loss) = flex::cross_entropy(&logits, targets) {
        return loss.reshape([1]); // [1]
    }
    let targets: Vec<i32> = targets.iter().map(|id| id.cast_signed()).collect();
    let targets: Tensor<B, 2, Int> = Tensor::from_data(TensorData::new(targets, [n, 1]), &logits.device()); // [n, 1]
    log_softmax(logits, 1).gather(1, targets).sum().neg()
}
