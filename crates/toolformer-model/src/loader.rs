//! Builds a family's modules from a checkpoint: the one place where tensors are asked for by name.

use std::{cell::RefCell, collections::HashSet};

use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::{
    bare_names::BareNames,
    config_checks::not_supported,
    error::ModelError,
    layer_norm::LayerNorm,
    named_buffer::Buffer,
    named_param::{Matrix, Vector},
    precision::Precision,
    projection::{Layout, Part, Projection},
    rms_norm::RmsNorm,
    weights::WeightSource,
};

/// Ends of names that some exports carry and no model reads: causal masks, and tables that follow from the config.
/// (A tied head may be stored all the same.)
const NOT_READ: [&str; 8] = [
    "rotary_emb.inv_freq",
    ".attn.bias",
    ".attn.masked_bias",
    ".attention.bias",
    ".attention.masked_bias",
    ".attn.embed_positions",
    "lm_head.weight",
    "embed_out.weight",
];

/// Whether a stored tensor is nothing that a model of any family reads.
pub(crate) fn is_not_read(name: &str) -> bool {
    NOT_READ.iter().any(|end| name.ends_with(end))
}

type Names = RefCell<Vec<(String, Vec<usize>)>>;

/// Reads named tensors onto a device, under a prefix.
pub(crate) struct Loader<'a, B: Backend> {
    source: &'a dyn WeightSource,
    device: &'a B::Device,
    precision: Precision,
    prefix: String,
    /// Where names and shapes are noted instead of being read.
    asked: Option<&'a Names>,
}

/// Runs `build` twice: first with nothing read, so that every missing, left over and misshapen tensor is known
/// before memory is taken, then in earnest. So `build` only puts modules together and computes nothing.
///
/// `precision` is what the tensors are held in. `base` is what the names of a model's body start with; some checkpoints
/// leave it out.
///
/// # Errors
/// If tensors are missing, left over or misshapen (all of them are named), or cannot be read.
pub(crate) fn load<B: Backend, M>(
    source: &dyn WeightSource,
    precision: Precision,
    device: &B::Device,
    base: &str,
    build: impl Fn(&Loader<'_, B>) -> Result<M, ModelError>,
) -> Result<M, ModelError> {
    let bare = BareNames::new(source, base);
    let source: &dyn WeightSource = if bare.is_bare() { &bare } else { source };
    let asked = RefCell::new(Vec::new());
    let loader = |asked| Loader { source, device, precision, prefix: String::new(), asked };
    build(&loader(Some(&asked)))?;
    check(source, &asked.borrow())?;
    build(&loader(None))
}

impl<B: Backend> Loader<'_, B> {
    /// The same for names under `prefix`, without the dot between.
    pub(crate) fn at(&self, prefix: &str) -> Self {
        Self { prefix: format!("{}{prefix}.", self.prefix), ..*self }
    }

    fn tensor<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<B, D>, ModelError> {
        if let Some(asked) = self.asked {
            asked.borrow_mut().push((name.to_owned(), shape.to_vec()));
            return Ok(Tensor::zeros([1; D], self.device));
        }
        let (found, data) = self.source.tensor_f32(name)?;
        if found != shape {
            return Err(ModelError::Shape { name: name.to_owned(), expected: shape.to_vec(), found });
        }
        let dtype = self.precision.float().into();
        let data = TensorData::new(data, shape).convert_dtype(dtype);
        Ok(Tensor::from_data(data, (self.device, dtype)))
    }

    /// A tensor with two axes, as it is.
    pub(crate) fn raw_matrix(&self, name: &str, shape: [usize; 2]) -> Result<Tensor<B, 2>, ModelError> {
        self.tensor(&format!("{}{name}", self.prefix), shape)
    }

    /// An embedding or a head, `[rows, columns]`; `name` includes `.weight`.
    pub(crate) fn matrix(&self, name: &str, shape: [usize; 2]) -> Result<Matrix<B>, ModelError> {
        let name = format!("{}{name}", self.prefix);
        Ok(Matrix::new(&name, self.tensor(&name, shape)?))
    }

    /// A matrix that checkpoints may hold under a second name too, equal.
    pub(crate) fn tied_matrix(
        &self,
        name: &str,
        again: &str,
        shape: [usize; 2],
    ) -> Result<Matrix<B>, ModelError> {
        if self.source.shape(again).is_some() {
            self.tensor(again, shape)?;
            if self.asked.is_none() && self.source.tensor_f32(name)?.1 != self.source.tensor_f32(again)?.1 {
                return Err(not_supported(format!("`{again}` that differs from `{name}`")));
            }
        }
        Ok(Matrix::twice(name, again, self.tensor(name, shape)?))
    }

    /// The name that the checkpoint has of these two; the first, if it has neither.
    pub(crate) fn either<'n>(&self, name: &'n str, old_name: &'n str) -> &'n str {
        if self.source.shape(old_name).is_some() { old_name } else { name }
    }

    /// A vector that follows from the config; a checkpoint need not hold it, but must not hold another.
    pub(crate) fn buffer(
        &self,
        name: &str,
        n: usize,
        values: impl FnOnce() -> Vec<f32>,
    ) -> Result<Buffer<B>, ModelError> {
        let name = format!("{}{name}", self.prefix);
        let stored = self.source.shape(&name).is_some();
        if stored {
            self.tensor(&name, [n])?;
        }
        if self.asked.is_some() {
            return Ok(Buffer::new(name, Tensor::zeros([1], self.device)));
        }
        let values = values();
        if stored {
            let (_, found) = self.source.tensor_f32(&name)?;
            let differs = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-3 * b.abs();
            if found.iter().zip(&values).any(differs) {
                return Err(not_supported(format!("`{name}` with other values than the config gives")));
            }
        }
        Ok(Buffer::new(name, Tensor::from_data(TensorData::new(values, [n]), self.device)))
    }

    /// A gain or a bias; `name` is whole.
    pub(crate) fn vector(&self, name: &str, width: usize) -> Result<Vector<B>, ModelError> {
        let name = format!("{}{name}", self.prefix);
        Ok(Vector::new(&name, self.tensor(&name, [width])?))
    }

    /// An RMS norm whose gain is `name.weight`.
    pub(crate) fn rms_norm(&self, name: &str, width: usize, eps: f64) -> Result<RmsNorm<B>, ModelError> {
        Ok(RmsNorm::new(self.vector(&format!("{name}.weight"), width)?, eps))
    }

    /// A layer norm of `name.weight` and `name.bias`.
    pub(crate) fn layer_norm(&self, name: &str, width: usize, eps: f64) -> Result<LayerNorm<B>, ModelError> {
        let bias = self.vector(&format!("{name}.bias"), width)?;
        Ok(LayerNorm::new(self.vector(&format!("{name}.weight"), width)?, bias, eps))
    }

    /// A projection without a bias, `[d_out, d_in]`.
    pub(crate) fn linear(&self, name: &str, d_in: usize, d_out: usize) -> Result<Projection<B>, ModelError> {
        self.fused(name, &[(name, d_out)], d_in, false)
    }

    /// A projection with a bias, `[d_out, d_in]`.
    pub(crate) fn biased(&self, name: &str, d_in: usize, d_out: usize) -> Result<Projection<B>, ModelError> {
        self.fused(name, &[(name, d_out)], d_in, true)
    }

    /// Several projections of one input, `[d_out, d_in]` each, as one under a name of its own.
    pub(crate) fn fused(
        &self,
        name: &str,
        parts: &[(&str, usize)],
        d_in: usize,
        with_bias: bool,
    ) -> Result<Projection<B>, ModelError> {
        self.projection(name, parts, d_in, with_bias, Layout::OutIn)
    }

    /// GPT-2's kind of projection: `[d_in, d_out]`, with a bias.
    pub(crate) fn conv1d(&self, name: &str, d_in: usize, d_out: usize) -> Result<Projection<B>, ModelError> {
        self.projection(name, &[(name, d_out)], d_in, true, Layout::InOut)
    }

    fn projection(
        &self,
        name: &str,
        parts: &[(&str, usize)],
        d_in: usize,
        with_bias: bool,
        layout: Layout,
    ) -> Result<Projection<B>, ModelError> {
        let (mut weights, mut biases, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for &(part, d_out) in parts {
            let part = format!("{}{part}", self.prefix);
            let shape = match layout {
                Layout::OutIn => [d_out, d_in],
                Layout::InOut => [d_in, d_out],
            };
            weights.push(self.tensor(&format!("{part}.weight"), shape)?);
            if with_bias {
                biases.push(self.tensor(&format!("{part}.bias"), [d_out])?);
            }
            named.push(Part { name: part, d_out });
        }
        let name = format!("{}{name}", self.prefix);
        let projection = Projection::fuse(&name, named, weights, with_bias.then_some(biases), layout);
        Ok(if self.asked.is_some() { projection } else { projection.held_in(self.precision) })
    }
}

/// Fails with every missing, left over or misshapen tensor named, before anything is read.
fn check(source: &dyn WeightSource, expected: &[(String, Vec<usize>)]) -> Result<(), ModelError> {
    let mut missing = Vec::new();
    for (name, shape) in expected {
        match source.shape(name) {
            None => missing.push(name.clone()),
            Some(found) if found != *shape => {
                return Err(ModelError::Shape { name: name.clone(), expected: shape.clone(), found });
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        return Err(ModelError::MissingTensors { names: missing });
    }
    let known: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let left_over = |name: &String| !known.contains(name.as_str()) && !is_not_read(name);
    let unexpected: Vec<String> = source.names().into_iter().filter(left_over).collect();
    if unexpected.is_empty() { Ok(()) } else { Err(ModelError::UnexpectedTensors { names: unexpected }) }
}
