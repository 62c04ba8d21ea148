//! Log-probabilities of chosen tokens, without keeping scores over the vocabulary for every position.

use burn::tensor::{Tensor, TensorData, activation::log_softmax, backend::Backend};

use crate::causal_lm::CausalLm;

/// Positions whose scores over the vocabulary are alive at once.
const CHUNK: usize = 64;

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
        let log_probs = log_softmax(model.logits(hidden.clone().narrow(0, start, len)), 1); // [len, vocab]
        let ids: Vec<i32> =
            targets[start..start + len].iter().flatten().map(|&id| id.cast_signed()).collect();
        let ids = Tensor::from_data(TensorData::new(ids, [len, N]), &log_probs.device());
        let picked = log_probs.gather(1, ids).into_data().convert::<f32>(); // [len, N]
        let picked = picked.into_vec::<f32>().unwrap_or_default();
        out.extend(picked.chunks_exact(N).map(|chunk| {
            let mut values = [0.0; N];
            values.copy_from_slice(chunk);
            values
        }));
    }
    out
}
