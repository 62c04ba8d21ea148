//! The loss of next tokens in one pass over the logits, with its derivative.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData, backend::Backend};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{
    differentiable::{Derivative, Inner, differentiable},
    exp::exp,
    numbers::{Numbers, known},
    rows::filled,
};

/// Sum of `-log softmax(logits)[target]` over the rows, in nats; none if the logits are not burn-flex's in single precision.
///
/// # Shapes
/// - `logits`: `[n, vocab]`
/// - `targets`: `[n]`
/// - returns `[1, 1]`
pub(crate) fn cross_entropy<B: Backend>(logits: &Tensor<B, 2>, targets: &[u32]) -> Option<Tensor<B, 2>> {
    differentiable([logits], |[logits]| {
        let numbers = known(Numbers::of(&logits));
        let vocab = logits.dims()[1];
        let row = |row: usize| &numbers.from([row, 0])[..vocab];
        let log_sums: Vec<f32> =
            (0..targets.len()).into_par_iter().map(|i| Arch::new().dispatch(LogSum(row(i)))).collect();
        let losses = log_sums.iter().zip(targets).enumerate();
        let losses = losses.map(|(i, (log_sum, &target))| f64::from(log_sum - row(i)[target as usize]));
        let loss = TensorData::new(vec![losses.sum::<f64>() as f32], [1, 1]);
        drop(numbers);
        let (log_sums, targets) = (log_sums.into(), targets.into());
        let derivative = OfCrossEntropy { logits, log_sums, targets };
        (Tensor::from_data(loss, &Default::default()), derivative)
    })
}

#[derive(Clone, Debug)]
struct OfCrossEntropy {
    logits: Inner,
    log_sums: Arc<[f32]>,
    targets: Arc<[u32]>,
}

impl Derivative<1> for OfCrossEntropy {
    /// `softmax(logits)`, less 1 at the target.
    fn gradients(self, output: Inner, [of_logits]: [bool; 1]) -> [Option<Inner>; 1] {
        let logits = known(Numbers::of(&self.logits));
        let factor = output.into_scalar();
        let [n, vocab] = self.logits.dims();
        let gradient = || {
            filled([n, vocab], |first, out| {
                for (row, out) in out.chunks_exact_mut(vocab).enumerate() {
                    let row = first + row;
                    let (logits, log_sum) = (&logits.from([row, 0])[..vocab], self.log_sums[row]);
                    Arch::new().dispatch(Weights { logits, log_sum, factor, out });
                    out[self.targets[row] as usize] -= factor;
                }
            })
        };
        [of_logits.then(gradient)]
    }
}

/// The logarithm of the sum of the exponentials of a row.
struct LogSum<'a>(&'a [f32]);

impl WithSimd for LogSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, rest) = S::as_simd_f32s(self.0);
        let mut greatest = simd.splat_f32s(f32::NEG_INFINITY);
        for &x in vectors {
            greatest = simd.max_f32s(greatest, x);
        }
        let max = rest.iter().fold(simd.reduce_max_f32s(greatest), |max, &x| max.max(x));
        let shift = simd.splat_f32s(max);
        let mut sums = simd.splat_f32s(0.0);
        for &x in vectors {
            sums = simd.add_f32s(sums, exp(simd, simd.sub_f32s(x, shift)));
        }
        let rest: f32 = rest.iter().map(|x| (x - max).exp()).sum();
        max + (simd.reduce_sum_f32s(sums) + rest).ln()
    }
}

/// `factor exp(logits - log_sum)`
struct Weights<'a> {
    logits: &'a [f32],
    log_sum: f32,
    factor: f32,
    out: &'a mut [f32],
}

impl WithSimd for Weights<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (log_sum, factor) = (simd.splat_f32s(self.log_sum), simd.splat_f32s(self.factor));
        let lanes = S::F32_LANES;
        for (x, out) in self.logits.chunks(lanes).zip(self.out.chunks_mut(lanes)) {
            let weights = exp(simd, simd.sub_f32s(simd.partial_load_f32s(x), log_sum));
            simd.partial_store_f32s(out, simd.mul_f32s(weights, factor));
        }
    }
}
