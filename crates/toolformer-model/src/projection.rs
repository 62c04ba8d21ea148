//! Linear maps, several of one input fused into one product, with optional LoRA on each.

use std::ops::Range;

use burn::{
    module::{Module, Param},
    tensor::{DType, Tensor, backend::Backend},
};

use crate::{
    leaf::{Leaf, NamedTensor, bytes, named},
    named_param::named_param,
    precision::{Precision, dequantised},
};

/// `x W + b` for one or more projections of the same input, stored side by side so that one product serves all.
///
/// The weight is `[d_in, d_out]`: products with few rows are up to four times faster that way than with the
/// transposed layout of most checkpoints.
#[derive(Module, Debug)]
pub(crate) struct Projection<B: Backend> {
    weight: Param<Tensor<B, 2>>,
    bias: Option<Param<Tensor<B, 1>>>,
    lora: Vec<LoraPair<B>>,
    parts: Vec<Part>,
    layout: Layout,
}

/// One of the fused projections.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its name in a checkpoint, without `.weight`.
    pub(crate) name: String,
    /// Its output width, in features.
    pub(crate) d_out: usize,
}

/// How a checkpoint lays a weight out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[d_out, d_in]`, as PyTorch's `Linear`.
    OutIn,
    /// `[d_in, d_out]`, as GPT-2's `Conv1D`.
    InOut,
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
    /// Fuses `parts`, whose weights come in the checkpoint's `layout`; `name` is the fused weight's own.
    pub(crate) fn fuse(
        name: &str,
        parts: Vec<Part>,
        weights: Vec<Tensor<B, 2>>,
        biases: Option<Vec<Tensor<B, 1>>>,
        layout: Layout,
    ) -> Self {
        let columns = match layout {
            Layout::OutIn => weights.into_iter().map(transposed).collect(),
            Layout::InOut => weights,
        };
        let bias = biases.map(|biases| named_param(&format!("{name}.bias"), Tensor::cat(biases, 0)));
        let weight = named_param(&format!("{name}.weight"), Tensor::cat(columns, 1));
        Self { weight, bias, lora: Vec::new(), parts, layout }
    }

    /// With the weight held in a precision.
    pub(crate) fn held_in(mut self, precision: Precision) -> Self {
        self.weight = self.weight.map(|weight| precision.weight(weight));
        self
    }

    /// The numbers that the weight is held in.
    pub(crate) fn dtype(&self) -> DType {
        self.weight.val().dtype()
    }

    /// The numbers that it takes and gives.
    pub(crate) fn float(&self) -> Precision {
        match self.dtype() {
            DType::F16 => Precision::F16,
            DType::BF16 => Precision::Bf16,
            _ => Precision::F32,
        }
    }

    /// The fused projections.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Input width, in features.
    pub(crate) fn d_in(&self) -> usize {
        self.weight.dims()[0]
    }

    /// How checkpoints lay the weights out.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
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

    /// Folds the LoRA updates into the weight, which is then not quantised any more, and drops them.
    pub(crate) fn merge_lora(&mut self) {
        for pair in std::mem::take(&mut self.lora) {
            let update = pair.a.val().matmul(pair.b.val()).mul_scalar(pair.scale); // [d_in, d_out of the part]
            let columns = self.start(pair.part)..self.start(pair.part) + self.parts[pair.part].d_out;
            self.weight = self.weight.clone().map(|weight| {
                let weight = dequantised(weight);
                let [d_in, _] = weight.dims();
                let merged = weight.clone().slice([0..d_in, columns.clone()]) + update;
                weight.slice_assign([0..d_in, columns.clone()], merged)
            });
        }
    }

    fn start(&self, part: usize) -> usize {
        self.parts[..part].iter().map(|part| part.d_out).sum()
    }

    /// Whether it is a product alone: no bias, no LoRA, and numbers of which a part can be taken.
    pub(crate) fn is_product(&self) -> bool {
        self.bias.is_none() && self.lora.is_empty() && !matches!(self.dtype(), DType::QFloat(_))
    }

    /// Some of the output features, of a product alone.
    ///
    /// # Shapes
    /// - `x`: `[n, d_in]`
    /// - returns `[n, columns.len()]`
    pub(crate) fn columns(&self, x: Tensor<B, 2>, columns: &Range<usize>) -> Tensor<B, 2> {
        x.matmul(self.weight.val().narrow(1, columns.start, columns.len()))
    }

    /// What some of the input features add to the output, of a product alone.
    ///
    /// # Shapes
    /// - `x`: `[n, rows.len()]`
    /// - returns `[n, sum of the parts' d_out]`
    pub(crate) fn rows(&self, x: Tensor<B, 2>, rows: &Range<usize>) -> Tensor<B, 2> {
        x.matmul(self.weight.val().narrow(0, rows.start, rows.len()))
    }

    /// # Shapes
    /// - `x`: `[n, d_in]`
    /// - returns `[n, sum of the parts' d_out]`
    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let mut y = x.clone().matmul(self.weight.val()); // [n, d_out]
        if let Some(bias) = &self.bias {
            y = y + bias.val().unsqueeze();
        }
        if self.lora.is_empty() {
            return y;
        }
        let [n, _] = x.dims();
        let mut updates = Vec::with_capacity(self.parts.len());
        for (part, Part { d_out, .. }) in self.parts.iter().enumerate() {
            updates.push(match self.lora.iter().find(|pair| pair.part == part) {
                Some(pair) => {
                    x.clone().matmul(pair.a.val()).mul_scalar(pair.scale).matmul(pair.b.val()) // [n, d_out]
                }
                None => Tensor::zeros([n, *d_out], (&x.device(), y.dtype())),
            });
        }
        y + Tensor::cat(updates, 1)
    }
}

impl<B: Backend> Leaf<B> for Projection<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        let mut tensors = Vec::new();
        let weight = dequantised(self.weight.val()); // [d_in, d_out]
        for (i, Part { name, d_out }) in self.parts.iter().enumerate() {
            let columns = weight.clone().narrow(1, self.start(i), *d_out); // [d_in, d_out of the part]
            let weight = match self.layout {
                Layout::OutIn => columns.transpose(),
                Layout::InOut => columns,
            };
            tensors.push(named(format!("{name}.weight"), weight));
            if let Some(bias) = &self.bias {
                tensors.push(named(format!("{name}.bias"), bias.val().narrow(0, self.start(i), *d_out)));
            }
        }
        tensors
    }

    fn bytes(&self) -> usize {
        bytes(&self.weight.val()) + self.bias.as_ref().map_or(0, |bias| bytes(&bias.val()))
    }

    fn projection(&self) -> Option<&Projection<B>> {
        Some(self)
    }
}

/// The transposed matrix, laid out anew: a transposed view would compute with other strides, which is slower and
/// rounds differently from the same weights after a step of an optimiser.
pub(crate) fn transposed<B: Backend>(matrix: Tensor<B, 2>) -> Tensor<B, 2> {
    let [rows, columns] = matrix.dims();
    matrix.transpose().reshape([rows * columns]).reshape([columns, rows]) // [columns, rows]
}
