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
    /// The weights and both moments after a step with this gradient, written over them where nobody else has them; the three as
    /// they were if the backend has nothing of its own for it, and burn's optimiser is to be used.
    ///
    /// # Shapes
    /// - all: `[numbers]`
    ///
    /// # Errors
    /// Never: what is given back is none.
    pub fn in_place<B: Backend>(
        self,
        gradient: &Tensor<B, 1>,
        weights_and_moments: [Tensor<B, 1>; 3],
    ) -> Result<[Tensor<B, 1>; 3], [Tensor<B, 1>; 3]> {
        #[cfg(feature = "flex")]
        return crate::flex::adamw(self, gradient, weights_and_moments);
        #[cfg(not(feature = "flex"))]
        {
            let _ = gradient;
            Err(weights_and_moments)
        }
    }
}
