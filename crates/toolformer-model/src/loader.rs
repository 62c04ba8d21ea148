//! Builds a family's modules from a checkpoint: the one place where tensors are asked for by name.

use std::{
    cell::RefCell,
    hash::{DefaultHasher, Hasher as _},
};

use burn::tensor::{Element, FloatDType, Tensor, TensorData, backend::Backend};
use half::{bf16, f16};

use crate::{
    bare_names::BareNames,
    config_checks::not_supported,
    error::ModelError,
    fit::check_fit,
    layer_norm::LayerNorm,
    named_buffer::Buffer,
    named_param::{Matrix, Vector},
    precision::Precision,
    projection::{Layout, Part, Projection},
    rms_norm::RmsNorm,
    weights::WeightSource,
};

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
    let named: &dyn WeightSource = if bare.is_bare() { &bare } else { source };
    let asked = RefCell::new(Vec::new());
    let loader = |asked, source| Loader { source, device, precision, prefix: String::new(), asked };
    build(&loader(Some(&asked), named))?;
    let made = source.made_for(&asked.borrow());
    let source = made.as_deref().unwrap_or(named);
    check_fit(source, &asked.borrow())?;
    build(&loader(None, source))
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
        let data = match self.precision.float() {
            FloatDType::F16 => self.read(name, shape, f16::from_f32)?,
            FloatDType::BF16 => self.read(name, shape, bf16::from_f32)?,
            _ => self.read(name, shape, |value| value)?,
        };
        let dtype = data.dtype;
        Ok(Tensor::from_data(data, (self.device, dtype)))
    }

    /// A tensor's numbers, converted some after the others: no second copy of them all is made.
    fn read<E: Element, const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        convert: impl Fn(f32) -> E,
    ) -> Result<TensorData, ModelError> {
        let mut values = Vec::with_capacity(shape.iter().product());
        let found = self.source.tensor_parts(name, &mut |part| {
            values.extend(part.iter().map(|&value| convert(value)));
        })?;
        if found == shape {
            return Ok(TensorData::new(values, shape));
        }
        Err(ModelError::Shape { name: name.to_owned(), expected: shape.to_vec(), found })
    }

    /// A tensor with two axes, as it is.
    pub(crate) fn raw_matrix(&self, name: &str, shape: [usize; 2]) -> Result<Tensor<B, 2>, ModelError> {
        self.tensor(&format!("{}{name}", self.prefix), shape)
    }

    /// The numbers of a tensor with one axis or two, row-major.
    pub(crate) fn raw(&self, name: &str, shape: &[usize]) -> Result<Tensor<B, 1>, ModelError> {
        match *shape {
            [rows, columns] => Ok(self.raw_matrix(name, [rows, columns])?.reshape([-1])),
            _ => self.tensor(&format!("{}{name}", self.prefix), [shape.iter().product()]),
        }
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
            self.is_again(name, again, shape)?;
        }
        Ok(Matrix::twice(name, again, self.tensor(name, shape)?))
    }

    /// An embedding, and a head where the two are not tied. Checkpoints may hold a tied one all the same, and then it
    /// must be equal.
    pub(crate) fn embedding_and_head(
        &self,
        [embedding, head]: [&str; 2],
        shape: [usize; 2],
        tied: bool,
    ) -> Result<(Matrix<B>, Option<Matrix<B>>), ModelError> {
        if tied && self.source.shape(head).is_some() {
            self.is_again(embedding, head, shape)?;
        }
        let own = (!tied).then(|| self.matrix(head, shape)).transpose()?;
        Ok((self.matrix(embedding, shape)?, own))
    }

    /// Checks that a tensor is another one once more.
    fn is_again(&self, name: &str, again: &str, shape: [usize; 2]) -> Result<(), ModelError> {
        if let Some(asked) = self.asked {
            asked.borrow_mut().push((again.to_owned(), shape.to_vec()));
            return Ok(());
        }
        // By a digest: neither needs to be in memory as a whole.
        let digest = |name: &str| {
            let mut hasher = DefaultHasher::new();
            let mut each = |part: &[f32]| part.iter().for_each(|value| hasher.write_u32(value.to_bits()));
            self.source.tensor_parts(name, &mut each).map(|_| hasher.finish())
        };
        if digest(name)? == digest(again)? {
            return Ok(());
        }
        Err(ModelError::Untied { head: again.to_owned(), embedding: name.to_owned() })
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
