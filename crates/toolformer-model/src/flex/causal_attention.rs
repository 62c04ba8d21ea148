//! Attention of whole sequences on themselves, with its derivative: what training computes.
//!
//! Weights are not kept for the way back: they follow from the scores and one number a query (Dao et al., 2022).

mod backward;
mod forward;
mod sequence;

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData, backend::Backend};
use rayon::prelude::*;

use self::sequence::{Place, Sequences, Work};
use super::{
    differentiable::{Derivative, Inner, differentiable},
    numbers::{Numbers, known},
};

/// Attention of sequences that stand one after another, each token on itself and those before it in its sequence, or on the
/// last `window` of them; none if it is not burn-flex's in single precision.
///
/// # Shapes
/// - `q`: `[tokens, n_heads * d_head]`, already scaled
/// - `k`, `v`: `[tokens, n_kv_heads * d_head]`
/// - `lens`: tokens of each sequence
/// - returns as `q`
pub(crate) fn causal_attention<B: Backend>(
    [q, k, v]: [&Tensor<B, 2>; 3],
    lens: &[usize],
    [n_heads, n_kv_heads]: [usize; 2],
    window: Option<usize>,
) -> Option<Tensor<B, 2>> {
    differentiable([q, k, v], |[q, k, v]| {
        let sequences = Sequences::new(lens, [n_heads, n_kv_heads], q.dims()[1] / n_heads, window);
        let (tokens, width) = (q.dims()[0], q.dims()[1]);
        let mut out = vec![0.0; tokens * width];
        let mut log_sums = vec![0.0; tokens * n_heads];
        let [queries, keys, values] = [&q, &k, &v].map(|tensor| known(Numbers::of(tensor)));
        let mixed: Vec<_> = sequences
            .places()
            .into_par_iter()
            .map_init(Work::default, |work, place| {
                (place, sequences.mix(place, [&queries, &keys, &values], work))
            })
            .collect();
        for (place, (of_place, sums)) in mixed {
            sequences.put(place, &of_place, sequences.per_kv, &mut out);
            sequences.put_sums(place, &sums, &mut log_sums);
        }
        drop([queries, keys, values]);
        let out: Inner = Tensor::from_data(TensorData::new(out, [tokens, width]), &Default::default());
        let derivative = OfAttention { q, k, v, out: out.clone(), log_sums: log_sums.into(), sequences };
        (out, derivative)
    })
}

#[derive(Clone, Debug)]
struct OfAttention {
    q: Inner,
    k: Inner,
    v: Inner,
    out: Inner,
    /// `[tokens, n_heads]`, the logarithm of the sum of the exponentials of a query's scores.
    log_sums: Arc<[f32]>,
    sequences: Sequences,
}

impl Derivative<3> for OfAttention {
    fn gradients(self, output: Inner, wanted: [bool; 3]) -> [Option<Inner>; 3] {
        let Self { q, k, v, out, log_sums, sequences } = &self;
        let [queries, keys, values, mixed, of_mixed] =
            [q, k, v, out, &output].map(|tensor| known(Numbers::of(tensor)));
        let of_places: Vec<(Place, [Vec<f32>; 3])> = sequences
            .places()
            .into_par_iter()
            .map_init(Work::default, |work, place| {
                let tensors = [&queries, &keys, &values, &mixed, &of_mixed];
                (place, sequences.gradients(place, tensors, log_sums, work))
            })
            .collect();
        let mut number = 0;
        [q, k, v].map(|tensor| {
            let (which, [tokens, width]) = (number, tensor.dims());
            number += 1;
            let heads = if which == 0 { sequences.per_kv } else { 1 };
            wanted[which].then(|| {
                let mut sums = vec![0.0; tokens * width];
                for (place, gradients) in &of_places {
                    sequences.put(*place, &gradients[which], heads, &mut sums);
                }
                Tensor::from_data(TensorData::new(sums, [tokens, width]), &Default::default())
            })
        })
    }
}
