//! Linear maps, several of one input fused into one product, with optional LoRA on each.

use std::ops::Range;

use burn::{
    module::{Module, Param},
    tensor::{DType, Tensor, backend::Backend},
};

use crate::{
    leaf::{Leaf, NamedTensor, bytes, named},
    lora_dropout::Draw,
    lora_pair::LoraPair,
    named_param::named_param,
    precision::{Precision, dequantised, in_f32, in_type, is_quantised},
    training_mode::TrainingMode,
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
    mode: TrainingMode<B>,
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
        Self { weight, bias, lora: Vec::new(), mode: TrainingMode::off(), parts, layout }
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

    /// Drops the LoRA updates, and takes out of the weight what is merged.
    pub(crate) fn drop_lora(&mut self) {
        self.unmerge_lora();
        self.lora.clear();
    }

    /// Which inputs of the updates are dropped in the passes that come.
    pub(crate) fn draw(&self) -> Option<Draw> {
        self.mode.draw
    }

    /// Sets which inputs of the updates are dropped.
    pub(crate) fn set_draw(&mut self, draw: Option<Draw>) {
        self.mode.draw = draw;
    }

    /// Folds the LoRA updates into the weight, which is then not quantised any more. They are kept, to be taken out again.
    pub(crate) fn merge_lora(&mut self) {
        self.add_lora(false, 1.0);
    }

    /// Takes the LoRA updates out of the weight again, within rounding.
    pub(crate) fn unmerge_lora(&mut self) {
        self.add_lora(true, -1.0);
    }

    /// Forgets the LoRA updates, and leaves in the weight what is merged.
    pub(crate) fn forget_lora(&mut self) {
        self.lora.clear();
    }

    /// Adds to the weight the updates that are merged, or those that are not, and notes it.
    fn add_lora(&mut self, merged: bool, times: f64) {
        let mut pairs = std::mem::take(&mut self.lora);
        for pair in pairs.iter_mut().filter(|pair| pair.merged == merged) {
            let columns = self.start(pair.part)..self.start(pair.part) + self.parts[pair.part].d_out;
            self.weight = self.weight.clone().map(|weight| {
                let weight = dequantised(weight);
                let slab = [0..weight.dims()[0], columns];
                let added = pair.added(weight.clone().slice(slab.clone()), times);
                weight.slice_assign(slab, added)
            });
            pair.merged = !merged;
        }
        self.lora = pairs;
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
        let weight = self.weight.val();
        let mut y = if is_quantised(&weight) {
            self.mode.product(x.clone(), weight)
        } else {
            x.clone().matmul(weight)
        }; // [n, d_out]
        if let Some(bias) = &self.bias {
            y = y + bias.val().unsqueeze();
        }
        if self.lora.iter().all(|pair| pair.merged) {
            return y;
        }
        let [n, _] = x.dims();
        let mut updates = Vec::with_capacity(self.parts.len());
        for (part, Part { d_out, .. }) in self.parts.iter().enumerate() {
            updates.push(match self.lora.iter().find(|pair| pair.part == part && !pair.merged) {
                Some(pair) => pair.update(x.clone(), self.mode.draw), // [n, d_out]
                None => Tensor::zeros([n, *d_out], (&x.device(), DType::F32)),
            });
        }
        let dtype = y.dtype();
        in_type(in_f32(y) + Tensor::cat(updates, 1), dtype)
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
