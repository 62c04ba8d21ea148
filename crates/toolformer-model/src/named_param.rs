//! Parameters whose identity is their checkpoint name.

use burn::{
    module::{Module, Param, ParamId},
    tensor::{DType, Int, Tensor, backend::Backend},
};

use crate::{
    leaf::{Leaf, NamedTensor, bytes, named},
    shards::{of_shards, shards},
};

/// The parameter id that belongs to a checkpoint name.
///
/// burn keys optimiser records by [`ParamId`]; ids drawn at random would make a resumed run start with an empty
/// optimiser without saying so. An id made from the name (64-bit FNV-1a) is the same in every process.
pub fn param_id(name: &str) -> ParamId {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ParamId::from(hash)
}

/// A parameter with the id of its name.
pub(crate) fn named_param<B: Backend, const D: usize>(
    name: &str,
    value: Tensor<B, D>,
) -> Param<Tensor<B, D>> {
    Param::initialized(param_id(name), value)
}

/// A matrix with a row for every id: an embedding, an output head, or both in one.
#[derive(Module, Debug)]
pub(crate) struct Matrix<B: Backend> {
    weight: Param<Tensor<B, 2>>,
    name: String,
    /// Another name under which checkpoints hold it again.
    again: Option<String>,
}

impl<B: Backend> Matrix<B> {
    pub(crate) fn new(name: &str, weight: Tensor<B, 2>) -> Self {
        Self { weight: named_param(name, weight), name: name.to_owned(), again: None }
    }

    /// A matrix that checkpoints hold under a second name too.
    pub(crate) fn twice(name: &str, again: &str, weight: Tensor<B, 2>) -> Self {
        Self { again: Some(again.to_owned()), ..Self::new(name, weight) }
    }

    /// Puts another matrix in its place, under the same id.
    pub(crate) fn map(&mut self, change: impl FnOnce(Tensor<B, 2>) -> Tensor<B, 2>) {
        self.weight = self.weight.clone().map(change);
    }

    /// `[rows, columns]`
    pub(crate) fn dims(&self) -> [usize; 2] {
        self.weight.dims()
    }

    /// The numbers that it is held in.
    pub(crate) fn dtype(&self) -> DType {
        self.weight.dtype()
    }

    pub(crate) fn device(&self) -> B::Device {
        self.weight.device()
    }

    /// The rows of `ids`, `[n]` to `[n, columns]`.
    pub(crate) fn rows(&self, ids: Tensor<B, 1, Int>) -> Tensor<B, 2> {
        self.weight.val().select(0, ids)
    }

    /// The product with every row, `[n, columns]` to `[n, rows]`.
    pub(crate) fn scores(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let [rows, _] = self.dims();
        let shards = shards::<B>(rows, &self.device());
        // burn-flex splits products of several rows by itself, but not that of one.
        if shards.len() == 1 || hidden.dims()[0] > 1 {
            return hidden.matmul(self.weight.val().transpose()); // [n, rows]
        }
        let scores = of_shards(shards, |shard| {
            let weight = self.weight.val().narrow(0, shard.start, shard.len());
            hidden.clone().matmul(weight.transpose()) // [n, rows of the shard]
        });
        Tensor::cat(scores, 1) // [n, rows]
    }
}

impl<B: Backend> Leaf<B> for Matrix<B> {
    /// Once, under however many names.
    fn bytes(&self) -> usize {
        bytes(&self.weight.val())
    }

    fn tensors(&self) -> Vec<NamedTensor<B>> {
        let names = std::iter::once(&self.name).chain(&self.again);
        names.map(|name| named(name.clone(), self.weight.val())).collect()
    }
}

/// A vector: a gain or a bias.
#[derive(Module, Debug)]
pub(crate) struct Vector<B: Backend> {
    weight: Param<Tensor<B, 1>>,
    name: String,
}

impl<B: Backend> Vector<B> {
    pub(crate) fn new(name: &str, weight: Tensor<B, 1>) -> Self {
        Self { weight: named_param(name, weight), name: name.to_owned() }
    }

    /// Puts another vector in its place, under the same id.
    pub(crate) fn map(&mut self, change: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1>) {
        self.weight = self.weight.clone().map(change);
    }

    /// As a row, `[1, n]`.
    pub(crate) fn row(&self) -> Tensor<B, 2> {
        self.weight.val().unsqueeze()
    }
}

impl<B: Backend> Leaf<B> for Vector<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        vec![named(self.name.clone(), self.weight.val())]
    }
}
