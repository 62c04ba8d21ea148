//! Linear maps without bias, several of one input fused into one product, with optional LoRA on each.

use burn::{
    module::{Module, Param},
    tensor::{Tensor, backend::Backend},
};

use crate::named_param::named_param;

/// `x W` for one or more projections of the same input, stored side by side so that one product serves all.
///
/// The weight is `[d_in, d_out]`: products with few rows are up to four times faster that way than with the
/// transposed layout of checkpoints.
#[derive(Module, Debug)]
pub(crate) struct Projection<B: Backend> {
    weight: Param<Tensor<B, 2>>,
    lora: Vec<LoraPair<B>>,
    widths: Vec<usize>,
}

/// The low-rank update of one projection: `scale * x A B` (Hu et al., 2021, equation 3).
#[derive(Module, Debug)]
pub(crate) struct LoraPair<B: Backend> {
    /// `A`, `[d_in, rank]`
    pub(crate) a: Param<Tensor<B, 2>>,
    /// `B`, `[rank, d_out]`
    pub(crate) b: Param<Tensor<B, 2>>,
    /// Which of the fused projections it updates.
    pub(crate) part: usize,
    /// `alpha / rank`
    pub(crate) scale: f64,
}

impl<B: Backend> Projection<B> {
    /// Fuses `parts`, each `[d_out, d_in]` as in checkpoints; `name` is the name of the fused parameter.
    pub(crate) fn fuse(name: &str, parts: Vec<Tensor<B, 2>>) -> Self {
        let widths = parts.iter().map(|part| part.dims()[0]).collect();
        let columns = parts.into_iter().map(transposed).collect();
        Self { weight: named_param(name, Tensor::cat(columns, 1)), lora: Vec::new(), widths }
    }

    /// The weight of one of the fused projections, `[d_out, d_in]`, without its LoRA update.
    pub(crate) fn part(&self, part: usize) -> Tensor<B, 2> {
        self.weight.val().narrow(1, self.start(part), self.widths[part]).transpose()
    }

    /// Output width of a part, in features.
    pub(crate) fn width(&self, part: usize) -> usize {
        self.widths[part]
    }

    /// Input width, in features.
    pub(crate) fn d_in(&self) -> usize {
        self.weight.dims()[0]
    }

    /// The LoRA updates, at most one a part.
    pub(crate) fn lora(&self) -> &[LoraPair<B>] {
        &self.lora
    }

    /// Adds a LoRA update.
    pub(crate) fn push_lora(&mut self, pair: LoraPair<B>) {
        self.lora.push(pair);
    }

    /// Drops the LoRA updates.
    pub(crate) fn drop_lora(&mut self) {
        self.lora.clear();
    }

    /// Folds the LoRA updates into the weight and drops them.
    pub(crate) fn merge_lora(&mut self) {
        for pair in std::mem::take(&mut self.lora) {
            let update = pair.a.val().matmul(pair.b.val()).mul_scalar(pair.scale); // [d_in, d_out of the part]
            let columns = self.start(pair.part)..self.start(pair.part) + self.widths[pair.part];
            self.weight = self.weight.clone().map(|weight| {
                let [d_in, _] = weight.dims();
                let merged = weight.clone().slice([0..d_in, columns.clone()]) + update;
                weight.slice_assign([0..d_in, columns.clone()], merged)
            });
        }
    }

    fn start(&self, part: usize) -> usize {
        self.widths[..part].iter().sum()
    }

    /// # Shapes
    /// - `x`: `[n, d_in]`
    /// - returns `[n, sum of the parts' d_out]`
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let y = x.clone().matmul(self.weight.val()); // [n, d_out]
        if self.lora.is_empty() {
            return y;
        }
        let [n, _] = x.dims();
        let mut updates = Vec::with_capacity(self.widths.len());
        for (part, &width) in self.widths.iter().enumerate() {
            updates.push(match self.lora.iter().find(|pair| pair.part == part) {
                Some(pair) => {
                    x.clone().matmul(pair.a.val()).mul_scalar(pair.scale).matmul(pair.b.val()) // [n, width]
                }
                None => Tensor::zeros([n, width], &x.device()),
            });
        }
        y + Tensor::cat(updates, 1)
    }
}

/// The transposed matrix, laid out anew: a transposed view would compute with other strides, which is slower and
/// rounds differently from the same weights after a step of an optimiser.
pub(crate) fn transposed<B: Backend>(matrix: Tensor<B, 2>) -> Tensor<B, 2> {
    let [rows, columns] = matrix.dims();
    matrix.transpose().reshape([rows * columns]).reshape([columns, rows]) // [columns, rows]
}
