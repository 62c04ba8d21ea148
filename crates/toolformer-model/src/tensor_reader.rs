//! Turns the tensors of a file into tensors on a device, after checking that they are the ones expected.

use std::collections::HashSet;

use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::{error::ModelError, weights::WeightSource};

/// Reads named tensors from a source onto a device.
pub(crate) struct TensorReader<'a, B: Backend> {
    source: &'a dyn WeightSource,
    device: &'a B::Device,
}

impl<'a, B: Backend> TensorReader<'a, B> {
    pub(crate) fn new(source: &'a dyn WeightSource, device: &'a B::Device) -> Self {
        Self { source, device }
    }

    /// Fails with every missing, left over or misshapen tensor named, before anything is read.
    pub(crate) fn check(&self, expected: &[(String, Vec<usize>)]) -> Result<(), ModelError> {
        let mut missing = Vec::new();
        for (name, shape) in expected {
            match self.source.shape(name) {
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
        let left_over = |name: &String| {
            // Buffers that some exports carry and no model reads; a tied head may be stored all the same.
            !known.contains(name.as_str())
                && !name.ends_with("rotary_emb.inv_freq")
                && name != "lm_head.weight"
        };
        let unexpected: Vec<String> = self.source.names().into_iter().filter(left_over).collect();
        if unexpected.is_empty() { Ok(()) } else { Err(ModelError::UnexpectedTensors { names: unexpected }) }
    }

    /// A tensor with one axis.
    pub(crate) fn vector(&self, name: &str) -> Result<Tensor<B, 1>, ModelError> {
        let (shape, data) = self.source.tensor_f32(name)?;
        match shape[..] {
            [n] => Ok(Tensor::from_data(TensorData::new(data, [n]), self.device)),
            _ => Err(ModelError::Shape { name: name.to_owned(), expected: vec![data.len()], found: shape }),
        }
    }

    /// A tensor with two axes.
    pub(crate) fn matrix(&self, name: &str) -> Result<Tensor<B, 2>, ModelError> {
        let (shape, data) = self.source.tensor_f32(name)?;
        match shape[..] {
            [rows, columns] => Ok(Tensor::from_data(TensorData::new(data, [rows, columns]), self.device)),
            _ => {
                Err(ModelError::Shape { name: name.to_owned(), expected: vec![data.len(), 1], found: shape })
            }
        }
    }
}
