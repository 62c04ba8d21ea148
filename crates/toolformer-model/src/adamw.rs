//! A step of AdamW in one pass over the numbers, where a backend has it.

use burn::tensor::{Tensor, backend::Backend};

/// The factors of a step of AdamW (Loshchilov and Hutter, 2019, algorithm 2).
#[derive(Clone, Copy, Debug)]
pub struct AdamWStep {
    /// Learning rate.
    pub rate: f64,
    /// What the gradient is multiplied by: clipping.
    pub gradient_factor: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// What keeps it from dividing by nothing.
    pub epsilon: f64,
    /// Decay of the weights; it is multiplied by the rate.
    pub weight_decay: f64,
    /// Steps of this parameter, this one included.
    pub time: usize,
}

impl AdamWStep {
    /// The weights and both moments after a step with this gradient, written over them where nobody else has them.
    ///
    /// # Shapes
    /// - all: `[numbers]`
    #[must_use]
    pub fn apply<B: Backend>(
        self,
        gradient: &Tensor<B, 1>,
        weights_and_moments: [Tensor<B, 1>; 3],
    ) -> [Tensor<B, 1>; 3] {
        let in_place = Err(weights_and_moments);
        #[cfg(feature = "flex")]
        let in_place = in_place.or_else(|tensors| crate::flex::adamw(self, gradient, tensors));
        #[cfg(feature = "tch")]
        let in_place = in_place.or_else(|tensors| crate::libtorch::adamw(self, gradient, tensors));
        in_place.unwrap_or_else(|tensors| self.by_operations(gradient, tensors))
    }

    pub(crate) fn by_operations<B: Backend>(
        self,
        gradient: &Tensor<B, 1>,
        [weights, moment_1, moment_2]: [Tensor<B, 1>; 3],
    ) -> [Tensor<B, 1>; 3] {
        let Factors { beta_1, beta_2, keep, rate, root, epsilon } = self.factors();
        let gradient = gradient.clone().mul_scalar(self.gradient_factor);
        let moment_1 = moment_1.mul_scalar(beta_1) + gradient.clone().mul_scalar(1.0 - beta_1);
        let moment_2 = moment_2.mul_scalar(beta_2) + gradient.square().mul_scalar(1.0 - beta_2);
        let divisor = moment_2.clone().sqrt().mul_scalar(root).add_scalar(epsilon);
        let weights = weights.mul_scalar(keep) - (moment_1.clone() / divisor).mul_scalar(rate);
        [weights, moment_1, moment_2]
    }

    /// The factors as all of its forms use them.
    pub(crate) fn factors(self) -> Factors {
        let Self { rate, beta_1, beta_2, epsilon, weight_decay, time, .. } = self;
        let correction = |beta: f64| 1.0 - beta.powi(i32::try_from(time).unwrap_or(i32::MAX));
        Factors {
            beta_1,
            beta_2,
            keep: 1.0 - rate * weight_decay,
            rate: rate / correction(beta_1),
            root: 1.0 / correction(beta_2).sqrt(),
            epsilon,
        }
    }
}

/// What a step multiplies by.
#[derive(Clone, Copy)]
pub(crate) struct Factors {
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    /// What the weights are multiplied by.
    pub(crate) keep: f64,
    /// The rate over the correction of the first moment.
    pub(crate) rate: f64,
    /// One over the root of the correction of the second moment.
    pub(crate) root: f64,
    pub(crate) epsilon: f64,
}
