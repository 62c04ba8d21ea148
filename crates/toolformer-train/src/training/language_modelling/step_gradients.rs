//! Loss and gradient of a step's sequences, in parts.

use burn::{
    backend::Autodiff,
    tensor::{ElementConversion, IndexingUpdateOp, Tensor, backend::Backend},
};
use toolformer_model::{CausalLm as _, LanguageModel, TokenBatch, cross_entropy};

use crate::{
    training::{
        StepGradients,
        body_gradients::{Sum, add_body_gradients},
        micro_batches::micro_batches,
    },
    training_sequence::TrainingRow,
};

/// Logits that are computed at once: a vocabulary of 50,000 for some 600 tokens.
const LOGITS: usize = 32 * 1024 * 1024;

/// Gradient of the loss of some rows, which are sorted by length, over `total` tokens.
pub(super) fn step_gradients<B: Backend>(
    model: &LanguageModel<Autodiff<B>>,
    rows: &[TrainingRow<'_>],
    total: usize,
    micro_batch_tokens: usize,
    checkpointing: bool,
) -> StepGradients {
    let mut sum = Sum::new(model);
    let (mut loss, mut tokens) = (0.0, 0);
    for part in micro_batches(rows, micro_batch_tokens, |row| row.ids.len() - 1) {
        let inputs: Vec<&[u32]> = part.iter().map(|row| &row.ids[..row.ids.len() - 1]).collect();
        let batch = TokenBatch::new(&inputs);
        tokens += batch.tokens();
        add_body_gradients(model, &batch, checkpointing, &mut sum, |sum, last| {
            let (of_part, gradient) = of_head(model, sum, last, &targets(part), total);
            loss += of_part;
            gradient
        });
    }
    StepGradients { gradients: sum.gradients(), loss, tokens }
}

/// Of the tokens that something is predicted from: their numbers, and the ids to predict.
fn targets(rows: &[TrainingRow<'_>]) -> (Vec<i32>, Vec<u32>) {
    let mut first = 0;
    let mut found = (Vec::new(), Vec::new());
    for row in rows {
        for (column, target) in row.targets() {
            found.0.push(i32::try_from(first + column).unwrap_or(i32::MAX));
            found.1.push(target);
        }
        first += row.ids.len() - 1;
    }
    found
}

/// The loss, and its gradient to what the last block left, `[tokens, d_model]`; that of the head is added to `sum`.
fn of_head<B: Backend>(
    model: &LanguageModel<Autodiff<B>>,
    sum: &mut Sum<'_, B, LanguageModel<Autodiff<B>>>,
    last: Tensor<B, 2>,
    (places, targets): &(Vec<i32>, Vec<u32>),
    total: usize,
) -> (f64, Tensor<B, 2>) {
    let device = last.device();
    let many = (LOGITS / model.vocab_size()).max(1);
    let mut loss = 0.0;
    let mut gradients = Vec::new();
    for (places, targets) in places.chunks(many).zip(targets.chunks(many)) {
        let chosen = last.clone().select(0, Tensor::from_ints(places, &device)); // [predictions, d_model]
        let chosen = Tensor::from_inner(chosen).require_grad();
        let logits = model.logits(model.finish(chosen.clone())); // [predictions, vocab]
        let part = cross_entropy(logits, targets).div_scalar(total as f64); // [1]
        loss += part.clone().into_scalar().elem::<f64>();
        gradients.extend(sum.of(Some(&chosen), part));
    }
    let everywhere = Tensor::zeros_like(&last);
    if gradients.is_empty() {
        return (loss, everywhere);
    }
    let gradients = Tensor::cat(gradients, 0); // [predictions, d_model]
    if places.iter().enumerate().all(|(i, &place)| i32::try_from(i) == Ok(place))
        && places.len() == last.dims()[0]
    {
        return (loss, gradients);
    }
    let places = Tensor::from_ints(places.as_slice(), &device);
    (loss, everywhere.select_assign(0, places, gradients, IndexingUpdateOp::Add))
}
