//! A step of AdamW over all numbers in one pass.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::numbers::Numbers;
use crate::adamw::{self, AdamWStep};

/// Numbers that a thread takes at once.
const PIECE: usize = 64 * 1024;

/// Weights and both moments after a step, written over them where nobody else has them; none if they are not burn-flex's in
/// single precision.
///
/// # Shapes
/// - all: `[numbers]`
pub(crate) fn adamw<B: Backend>(
    step: AdamWStep,
    gradient: &Tensor<B, 1>,
    tensors: [Tensor<B, 1>; 3],
) -> Result<[Tensor<B, 1>; 3], [Tensor<B, 1>; 3]> {
    let is_ours =
        |tensor: &Tensor<B, 1>| tensor.dtype() == burn::tensor::DType::F32 && Numbers::of(tensor).is_some();
    if !is_ours(gradient) || !tensors.iter().all(is_ours) {
        return Err(tensors);
    }
    let Some(gradient) = Numbers::of(gradient) else { return Err(tensors) };
    let len = tensors[0].dims()[0];
    let device = tensors[0].device();
    let mut data = tensors.map(Tensor::into_data);
    {
        let [weights, moment_1, moment_2] = data.each_mut().map(|data| {
            data.as_mut_slice::<f32>().unwrap_or_else(|_| unreachable!("it is in single precision"))
        });
        let factors = Factors::of(step);
        let gradient = &gradient.from([0])[..len];
        weights
            .par_chunks_mut(PIECE)
            .zip(moment_1.par_chunks_mut(PIECE))
            .zip(moment_2.par_chunks_mut(PIECE))
            .zip(gradient.par_chunks(PIECE))
            .for_each(|(((weights, moment_1), moment_2), gradient)| {
                Arch::new().dispatch(Step { weights, moment_1, moment_2, gradient, factors });
            });
    }
    Ok(data.map(|data: TensorData| Tensor::from_data(data, &device)))
}

#[derive(Clone, Copy)]
struct Factors {
    beta_1: f32,
    rest_1: f32,
    beta_2: f32,
    rest_2: f32,
    /// What the weights are multiplied by.
    keep: f32,
    /// The rate over the correction of the first moment.
    rate: f32,
    /// What the gradient is multiplied by.
    gradient: f32,
    /// One over the root of the correction of the second moment.
    root: f32,
    epsilon: f32,
}

impl Factors {
    fn of(step: AdamWStep) -> Self {
        let adamw::Factors { beta_1, beta_2, keep, rate, root, epsilon } = step.factors();
        Self {
            beta_1: beta_1 as f32,
            rest_1: (1.0 - beta_1) as f32,
            beta_2: beta_2 as f32,
            rest_2: (1.0 - beta_2) as f32,
            keep: keep as f32,
            rate: rate as f32,
            gradient: step.gradient_factor as f32,
            root: root as f32,
            epsilon: epsilon as f32,
        }
    }
}

struct Step<'a> {
    weights: &'a mut [f32],
    moment_1: &'a mut [f32],
    moment_2: &'a mut [f32],
    gradient: &'a [f32],
    factors: Factors,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { weights, moment_1, moment_2, gradient, factors: f } = self;
        for (((weight, m), v), g) in weights.iter_mut().zip(moment_1).zip(moment_2).zip(gradient) {
            let g = g * f.gradient;
            *m = f.beta_1 * *m + f.rest_1 * g;
            *v = f.beta_2 * *v + f.rest_2 * g * g;
            *weight = f.keep * *weight - f.rate * *m / (v.sqrt() * f.root + f.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::Flex,
        optim::{AdamWConfig, AdamWState, AdaptiveMomentumState, SimpleOptimizer as _},
        tensor::Distribution,
    };

    use super::*;

    fn random(len: usize) -> Tensor<Flex, 1> {
        Tensor::random([len], Distribution::Normal(0.0, 1.0), &Default::default())
    }

    /// Three steps, beside burn's own.
    #[test]
    fn a_step_is_that_of_burn() {
        let len = 3 * PIECE / 2;
        let burns = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.1).build();
        let zeros = || Tensor::<Flex, 1>::zeros([len], &Default::default());
        let mut own = [random(len), zeros(), zeros()];
        let (mut others, mut expected) = (own.clone(), own[0].clone());
        let momentum =
            AdaptiveMomentumState { time: 0, moment_1: zeros(), moment_2: zeros(), max_moment_2: None };
        let mut state = Some(AdamWState { momentum });
        for time in 1..=3 {
            let gradient = random(len);
            let step = AdamWStep {
                rate: 1e-2,
                gradient_factor: 0.5,
                beta_1: 0.9,
                beta_2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.1,
                time,
            };
            own = adamw(step, &gradient, own).unwrap();
            others = step.by_operations(&gradient, others);
            (expected, state) = burns.step(1e-2, expected, gradient.mul_scalar(0.5), state);
            for [weights, ..] in [&own, &others] {
                let off = (weights.clone() - expected.clone()).abs().max().into_scalar();
                assert!(off < 1e-5, "{off} after {time}");
            }
        }
    }

    #[test]
    fn tensors_that_others_have_stay() {
        let weights = random(100);
        let before = weights.to_data();
        let step = AdamWStep {
            rate: 1.0,
            gradient_factor: 1.0,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            time: 1,
        };
        let zeros = || Tensor::zeros([100], &Default::default());
        let [stepped, ..] = adamw(step, &random(100), [weights.clone(), zeros(), zeros()]).unwrap();
        assert_eq!(weights.to_data(), before);
        assert_ne!(stepped.to_data(), before);
    }
}
