//! The low-rank update of one projection.

use burn::{
    module::{Module, Param},
    tensor::{DType, Tensor, backend::Backend},
};

use crate::{
    lora_dropout::Draw,
    precision::{in_f32, in_type},
};

/// `scale * x A B` (Hu et al., 2021, equation 3), in single precision whatever the projection is held in, as in PEFT.
#[derive(Module, Debug)]
pub(crate) struct LoraPair<B: Backend> {
    /// `A`, `[d_in, rank]`
    pub(crate) a: Param<Tensor<B, 2>>,
    /// `B`, `[rank, d_out]`
    pub(crate) b: Param<Tensor<B, 2>>,
    /// Which of the fused projections it updates.
    pub(crate) part: usize,
    /// `alpha / rank`, or `alpha / sqrt(rank)`
    pub(crate) scale: f64,
    /// The part of its input that is dropped while it learns.
    pub(crate) dropout: f64,
    /// Whether it is part of the weight at the moment.
    pub(crate) merged: bool,
}

impl<B: Backend> LoraPair<B> {
    /// What it adds to the output of its part.
    ///
    /// # Shapes
    /// - `x`: `[n, d_in]`
    /// - returns `[n, d_out of the part]`
    pub(crate) fn update(&self, x: Tensor<B, 2>, draw: Option<Draw>) -> Tensor<B, 2> {
        let mut x = in_f32(x);
        if let Some(draw) = draw.filter(|_| self.dropout > 0.0) {
            let factors = draw.factors(self.a.id, self.dropout, x.dims(), &x.device());
            x = x * factors;
        }
        x.matmul(self.a.val()).mul_scalar(self.scale).matmul(self.b.val()) // [n, d_out]
    }

    /// Adds it `times` to its part's columns of the weight.
    ///
    /// # Shapes
    /// - `columns`: `[d_in, d_out of the part]`
    /// - returns the same
    pub(crate) fn added(&self, columns: Tensor<B, 2>, times: f64) -> Tensor<B, 2> {
        let dtype: DType = columns.dtype();
        let update = self.a.val().matmul(self.b.val()).mul_scalar(times * self.scale);
        in_type(in_f32(columns) + update, dtype)
    }
}
