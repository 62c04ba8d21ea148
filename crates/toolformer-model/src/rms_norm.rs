//! Root-mean-square normalisation (Zhang and Sennrich, 2019).

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

#[cfg(feature = "flex")]
use crate::flex::rms_norm;
use crate::{
    leaf::{Leaf, NamedTensor},
    named_param::Vector,
    precision::{in_f32, in_type},
};

/// `x / sqrt(mean(x^2) + eps) * weight`, over the last axis.
#[derive(Module, Debug)]
pub(crate) struct RmsNorm<B: Backend> {
    weight: Vector<B>,
    eps: f64,
    /// Added to the weight: 1 where checkpoints hold a gain's difference from 1, else 0.
    offset: f64,
}

impl<B: Backend> RmsNorm<B> {
    /// A norm with the gain `weight`.
    pub(crate) fn new(weight: Vector<B>, eps: f64) -> Self {
        Self { weight, eps, offset: 0.0 }
    }

    /// A norm with the gain `1 + weight`.
    pub(crate) fn from_one(weight: Vector<B>, eps: f64) -> Self {
        Self { weight, eps, offset: 1.0 }
    }

    /// # Shapes
    /// - `x`: `[n, width]`
    /// - returns `[n, width]`
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        #[cfg(feature = "flex")]
        if let Some(y) = rms_norm(&x, &self.gain(), self.eps as f32) {
            return y;
        }
        let (dtype, x) = (x.dtype(), in_f32(x));
        let mean_square = (x.clone() * x.clone()).mean_dim(1); // [n, 1]
        let scale = mean_square.add_scalar(self.eps).sqrt().recip(); // [n, 1]
        in_type(x * scale * self.gain(), dtype)
    }

    /// `[1, width]`
    fn gain(&self) -> Tensor<B, 2> {
        let gain = in_f32(self.weight.row()); // [1, width]
        if self.offset == 0.0 { gain } else { gain.add_scalar(self.offset) }
    }
}

impl<B: Backend> Leaf<B> for RmsNorm<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        self.weight.tensors()
    }
}
