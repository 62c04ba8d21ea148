//! Loss and gradient of a step's examples.

use burn::{
    backend::Autodiff,
    optim::{GradientsAccumulator, GradientsParams},
    tensor::{ElementConversion, Int, Tensor, TensorData, activation::log_softmax, backend::Backend},
};
use toolformer_model::{CausalLm, KvCache, LanguageModel, TokenBatch};

use crate::{finetune_settings::FinetuneSettings, training_sequence::TrainingRow};

/// Gradient and mean loss per token over a batch, computed in parts.
pub(crate) fn gradients<B: Backend>(
    model: &LanguageModel<Autodiff<B>>,
    batch: &[TrainingRow<'_>],
    settings: &FinetuneSettings,
) -> (GradientsParams, f64, usize) {
    let total: usize = batch.iter().map(|row| row.targets().count()).sum();
    let mut accumulator = GradientsAccumulator::new();
    let mut sum = 0.0;
    let mut rest = batch;
    while !rest.is_empty() {
        let longest = rest[rest.len() - 1].ids.len();
        let rows = (settings.micro_batch_tokens / longest).clamp(1, rest.len());
        let (shorter, part) = rest.split_at(rest.len() - rows);
        rest = shorter;
        let loss = language_model_loss(model, part).div_scalar(total as f64);
        sum += loss.clone().into_scalar().elem::<f64>();
        accumulator.accumulate(model, GradientsParams::from_grads(loss.backward(), model));
    }
    (accumulator.grads(), sum, total)
}

/// Sum of `-log p(x_j | x_{<j})` over the tokens of the rows that are in the loss, in nats.
fn language_model_loss<B: Backend, M: CausalLm<B>>(model: &M, rows: &[TrainingRow<'_>]) -> Tensor<B, 1> {
    let inputs: Vec<&[u32]> = rows.iter().map(|row| &row.ids[..row.ids.len() - 1]).collect();
    let tokens = TokenBatch::new(&inputs);
    let device = model.device();
    let mut cache = KvCache::new(model.cache_shape(), tokens.batch(), tokens.seq(), &device);
    let hidden = model.forward(&tokens, &mut cache);
    let [batch, seq, d_model] = hidden.dims();
    let mut index = Vec::with_capacity(tokens.tokens());
    let mut targets = Vec::with_capacity(tokens.tokens());
    for (number, row) in rows.iter().enumerate() {
        for (column, target) in row.targets() {
            index.push(i32::try_from(number * seq + column).unwrap_or(i32::MAX));
            targets.push(target.cast_signed());
        }
    }
    let n = targets.len();
    let states = hidden.reshape([batch * seq, d_model]); // [batch * seq, d_model]
    let states = states.select(0, Tensor::from_ints(index.as_slice(), &device)); // [tokens, d_model]
    let targets: Tensor<B, 2, Int> = Tensor::from_data(TensorData::new(targets, [n, 1]), &device);
    log_softmax(model.logits(states), 1).gather(1, targets).sum().neg()
}
