//! Constants that checkpoints hold although they follow from the config.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use crate::leaf::{Leaf, NamedTensor, named};

/// A vector that is computed, not learned; written where a reader insists on it.
#[derive(Module, Debug)]
pub(crate) struct Buffer<B: Backend> {
    values: Tensor<B, 1>,
    name: String,
}

impl<B: Backend> Buffer<B> {
    pub(crate) fn new(name: String, values: Tensor<B, 1>) -> Self {
        Self { values, name }
    }
}

impl<B: Backend> Leaf<B> for Buffer<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        vec![named(self.name.clone(), self.values.clone())]
    }
}
