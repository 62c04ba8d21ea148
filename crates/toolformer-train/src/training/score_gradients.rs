//! Gradients of a loss of the scores of texts.

use burn::{
    backend::Autodiff,
    tensor::{ElementConversion, IndexingUpdateOp, Int, Tensor, backend::Backend},
};
use toolformer_model::{SequenceClassifier, TokenBatch};

use super::body_gradients::{Sum, add_body_gradients};

/// Adds the gradients of a loss of the scores of `texts`, `[batch, labels]`, to `sum`; returns the loss.
pub(crate) fn add_score_gradients<B: Backend>(
    model: &SequenceClassifier<Autodiff<B>>,
    texts: &TokenBatch,
    checkpointing: bool,
    sum: &mut Sum<'_, B, SequenceClassifier<Autodiff<B>>>,
    loss: impl FnOnce(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>,
) -> f64 {
    let places: Vec<i32> =
        model.last_tokens(texts).into_iter().map(|place| i32::try_from(place).unwrap_or(i32::MAX)).collect();
    let mut found = 0.0;
    add_body_gradients(&model.body, texts, checkpointing, sum, |sum, last| {
        let places: Tensor<B, 1, Int> = Tensor::from_ints(places.as_slice(), &last.device());
        let chosen = Tensor::from_inner(last.clone().select(0, places.clone())).require_grad(); // [batch, d_model]
        let loss = loss(model.head(chosen.clone())); // [1]
        found = loss.clone().into_scalar().elem::<f64>();
        let everywhere = Tensor::zeros_like(&last);
        match sum.of(Some(&chosen), loss) {
            Some(gradient) => everywhere.select_assign(0, places, gradient, IndexingUpdateOp::Add),
            None => everywhere,
        }
    });
    found
}
