//! Log-probabilities of chosen tokens, without keeping scores over the vocabulary for every position.

use burn::tensor::{Tensor, TensorData, activation::softmax, backend::Backend};

use crate::{causal_lm::CausalLm, error::ModelError};

/// Positions whose scores over the vocabulary are alive at once.
const CHUNK: usize = 64;

/// Checks scores, log-probabilities or losses: half precision can overflow, and a damaged checkpoint can hold anything.
///
/// # Errors
/// If one of them is NaN.
pub fn check_numbers(values: impl IntoIterator<Item = impl Into<f64>>) -> Result<(), ModelError> {
    if values.into_iter().any(|value| value.into().is_nan()) { Err(ModelError::NotNumbers) } else { Ok(()) }
}

/// `log p(target)` in nats, for every row of `hidden`.
///
/// # Shapes
/// - `hidden`: `[n, d_model]`
/// - `targets`: `n` token ids
/// - returns `n` values
///
/// # Panics
/// If the two disagree on `n`.
pub fn log_probs<B: Backend, M: CausalLm<B>>(model: &M, hidden: Tensor<B, 2>, targets: &[u32]) -> Vec<f32> {
    let targets: Vec<[u32; 1]> = targets.iter().map(|&target| [target]).collect();
    log_probs_of(model, hidden, &targets).into_iter().map(|[value]| value).collect()
}

/// `log p(t)` in nats for `N` tokens `t` at every row of `hidden`; see [`log_probs`].
pub fn log_probs_of<B: Backend, M: CausalLm<B>, const N: usize>(
    model: &M,
    hidden: Tensor<B, 2>,
    targets: &[[u32; N]],
) -> Vec<[f32; N]> {
    let [n, _] = hidden.dims();
    assert_eq!(n, targets.len(), "one set of targets per row");
    let mut out = Vec::with_capacity(n);
    for start in (0..n).step_by(CHUNK) {
        let len = CHUNK.min(n - start);
        let logits = model.logits(hidden.clone().narrow(0, start, len)); // [len, vocab]
        let normaliser = log_sum_exp(logits.clone());
        let ids: Vec<i32> =
            targets[start..start + len].iter().flatten().map(|&id| id.cast_signed()).collect();
        let ids = Tensor::from_data(TensorData::new(ids, [len, N]), &logits.device());
        let log_probs = logits.gather(1, ids) - normaliser; // [len, N]
        let picked = log_probs.into_data().convert::<f32>();
        let picked = picked.into_vec::<f32>().unwrap_or_default();
        out.extend(picked.chunks_exact(N).map(|chunk| {
            let mut values = [0.0; N];
            values.copy_from_slice(chunk);
            values
        }));
    }
    out
}

/// Lets `visit` see `log p` of the whole vocabulary, in nats, for every row of `hidden` in turn, with its number;
/// few rows are alive at once.
///
/// # Shapes
/// - `hidden`: `[n, d_model]`
pub fn visit_log_probs<B: Backend, M: CausalLm<B>>(
    model: &M,
    hidden: Tensor<B, 2>,
    mut visit: impl FnMut(usize, &[f32]),
) {
    let [n, _] = hidden.dims();
    for start in (0..n).step_by(CHUNK) {
        let len = CHUNK.min(n - start);
        let logits = model.logits(hidden.clone().narrow(0, start, len)); // [len, vocab]
        let log_probs = logits.clone() - log_sum_exp(logits);
        let values = log_probs.into_data().convert::<f32>().into_vec::<f32>().unwrap_or_default();
        values.chunks(model.vocab_size()).enumerate().for_each(|(row, values)| visit(start + row, values));
    }
}

/// `log sum_v exp(logits_v)` of every row, `[n, vocab]` to `[n, 1]`.
///
/// By way of softmax, which backends have as one fused operation where the textbook's chain of five is far slower:
/// the greatest probability is `exp(max - log sum exp)`.
fn log_sum_exp<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let max = logits.clone().max_dim(1); // [n, 1]
    max - softmax(logits, 1).max_dim(1).log() // [n, 1]
}
