//! Root-mean-square normalisation (Zhang and Sennrich, 2019).

use burn::{
    module::{Module, Param},
    tensor::{Tensor, backend::Backend},
};

use crate::named_param::named_param;

/// `x / sqrt(mean(x^2) + eps) * weight`, over the last axis.
#[derive(Module, Debug)]
pub struct RmsNorm<B: Backend> {
    weight: Param<Tensor<B, 1>>,
    eps: f64,
}

impl<B: Backend> RmsNorm<B> {
    /// A norm with the gain `weight`, `[d_model]`; `name` is the parameter's name in a checkpoint.
    pub(crate) fn new(name: &str, weight: Tensor<B, 1>, eps: f64) -> Self {
        Self { weight: named_param(name, weight), eps }
    }

    /// The gain, `[d_model]`.
    pub(crate) fn weight(&self) -> Tensor<B, 1> {
        self.weight.val()
    }

    /// # Shapes
    /// - `x`: `[n, d_model]`
    /// - returns `[n, d_model]`
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let mean_square = (x.clone() * x.clone()).mean_dim(1); // [n, 1]
        let scale = mean_square.add_scalar(self.eps).sqrt().recip(); // [n, 1]
        x * scale * self.weight.val().unsqueeze()
    }
}
