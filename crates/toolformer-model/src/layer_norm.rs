//! Layer normalisation (Ba, Kiros and Hinton, 2016).

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use crate::{
    leaf::{Leaf, NamedTensor},
    named_param::Vector,
    precision::{in_f32, in_type},
};

/// `(x - mean(x)) / sqrt(variance(x) + eps) * weight + bias`, over the last axis.
#[derive(Module, Debug)]
pub(crate) struct LayerNorm<B: Backend> {
    weight: Vector<B>,
    bias: Option<Vector<B>>,
    eps: f64,
    /// Added to the weight: 1 where checkpoints hold a gain's difference from 1, else 0.
    offset: f64,
}

impl<B: Backend> LayerNorm<B> {
    pub(crate) fn new(weight: Vector<B>, bias: Vector<B>, eps: f64) -> Self {
        Self { weight, bias: Some(bias), eps, offset: 0.0 }
    }

    /// A norm with the gain `1 + weight` and no bias.
    pub(crate) fn from_one(weight: Vector<B>, eps: f64) -> Self {
        Self { weight, bias: None, eps, offset: 1.0 }
    }

    /// # Shapes
    /// - `x`: `[n, d_model]`
    /// - returns `[n, d_model]`
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let (dtype, x) = (x.dtype(), in_f32(x));
        let centred = x.clone() - x.mean_dim(1); // [n, d_model]
        let variance = (centred.clone() * centred.clone()).mean_dim(1); // [n, 1]
        let scale = variance.add_scalar(self.eps).sqrt().recip(); // [n, 1]
        let gain = in_f32(self.weight.row()); // [1, d_model]
        let gain = if self.offset == 0.0 { gain } else { gain.add_scalar(self.offset) };
        let y = centred * scale * gain;
        let y = match &self.bias {
            Some(bias) => y + in_f32(bias.row()),
            None => y,
        };
        in_type(y, dtype)
    }
}

impl<B: Backend> Leaf<B> for LayerNorm<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        let mut tensors = self.weight.tensors();
        tensors.extend(self.bias.iter().flat_map(Leaf::tensors));
        tensors
    }
}
