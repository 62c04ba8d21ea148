//! What training needs of a classifier besides its body: the head alone, and its weights.

use std::path::Path;

use burn::tensor::{Tensor, backend::Backend};

use super::{SequenceClassifier, read_score};
use crate::{
    causal_lm::CausalLm as _, error::ModelError, leaf::Leaf as _, leaf::NamedTensor, precision::in_f32,
    save::SaveOptions, token_batch::TokenBatch, weights::WeightSource, weights_writer::write_weights,
};

impl<B: Backend> SequenceClassifier<B> {
    /// Of every text the number of the token at which it is read, among the tokens of the batch, padding not counted.
    pub fn last_tokens(&self, texts: &TokenBatch) -> Vec<usize> {
        let mut first = 0;
        let last = |row: usize| {
            let last = first + self.last(texts.row(row));
            first += texts.lens()[row];
            last
        };
        (0..texts.batch()).map(last).collect()
    }

    /// The head alone: scores from what the last block leaves at the tokens at which texts are read.
    ///
    /// # Shapes
    /// - `last`: `[batch, d_model]`
    /// - returns `[batch, labels]`
    pub fn head(&self, last: Tensor<B, 2>) -> Tensor<B, 2> {
        self.score.scores(in_f32(self.body.finish(last))) // [batch, labels]
    }

    /// The head's weights under their checkpoint name: their shape `[labels, d_model]`, and their numbers row-major.
    pub fn score_tensors(&self) -> Vec<NamedTensor<B>> {
        self.score.tensors()
    }

    /// Takes the head that a checkpoint holds in the place of this one.
    ///
    /// # Errors
    /// If it holds none, or one of another shape.
    pub fn set_score(&mut self, source: &dyn WeightSource) -> Result<(), ModelError> {
        self.score = read_score(source, self.score.dims(), &self.body.device())?;
        Ok(())
    }

    /// Writes the weights alone, in single precision.
    ///
    /// # Errors
    /// If the folder cannot be written, or the body holds LoRA updates.
    pub fn save_weights(&self, folder: &Path) -> Result<(), ModelError> {
        if self.body.has_lora() {
            let why = "the model holds LoRA updates; merge them, or save them apart".into();
            return Err(ModelError::Config { path: None, field: "lora".into(), why });
        }
        let SaveOptions { format, max_shard_bytes, .. } = SaveOptions::default();
        write_weights(folder, &self.leaves(), format, max_shard_bytes)
    }
}
