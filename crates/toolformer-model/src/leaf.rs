//! The pieces of a model that own parameters, as saving and LoRA see them.

use burn::tensor::{DType, Tensor, backend::Backend, quantization::QuantLevel};

use crate::projection::Projection;

/// A tensor under its checkpoint name, in the checkpoint's own layout: its shape, and its numbers row-major.
pub(crate) type NamedTensor<B> = (String, Vec<usize>, Tensor<B, 1>);

/// A piece of a model that knows the checkpoint names of what it owns.
pub(crate) trait Leaf<B: Backend> {
    /// Its tensors; LoRA updates are not among them.
    fn tensors(&self) -> Vec<NamedTensor<B>>;

    /// Bytes of its parameters as they are held.
    fn bytes(&self) -> usize {
        self.tensors().iter().map(|(_, _, tensor)| bytes(tensor)).sum()
    }

    /// Itself, if it is a projection.
    fn projection(&self) -> Option<&Projection<B>> {
        None
    }
}

/// A tensor that stands alone.
impl<B: Backend> Leaf<B> for NamedTensor<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        vec![self.clone()]
    }
}

/// Flattens a tensor and names it.
pub(crate) fn named<B: Backend, const D: usize>(name: String, tensor: Tensor<B, D>) -> NamedTensor<B> {
    (name, tensor.dims().to_vec(), tensor.reshape([-1]))
}

/// Bytes of a tensor, those of its scales included.
pub(crate) fn bytes<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> usize {
    let elements = tensor.shape().num_elements();
    match tensor.dtype() {
        DType::QFloat(scheme) => {
            let scales = match scheme.level {
                QuantLevel::Tensor => 1,
                QuantLevel::Block(block) => elements.div_ceil(block.num_elements()),
            };
            elements * scheme.size_bits_value() / 8 + scales * size_of::<f32>()
        }
        dtype => elements * dtype.size(),
    }
}
