//! More or fewer token ids for a model: rows of its embedding, its head and the head's bias.

use burn::tensor::{Tensor, backend::Backend};

use crate::{
    config_checks::wrong,
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    named_param::{Matrix, Vector},
    precision::{in_f32, in_type},
    pretrained::Pretrained,
};

/// What has a row or a number for every token id.
pub(crate) trait PerId<B: Backend> {
    /// Cuts the last rows off, or adds rows that are the mean of those there.
    fn resize(&mut self, rows: usize);
}

impl<B: Backend> PerId<B> for Matrix<B> {
    fn resize(&mut self, rows: usize) {
        self.map(|weight| resized(weight, rows));
    }
}

impl<B: Backend> PerId<B> for Vector<B> {
    fn resize(&mut self, rows: usize) {
        self.map(|weight| resized(weight, rows));
    }
}

/// Along the first axis.
fn resized<B: Backend, const D: usize>(weight: Tensor<B, D>, rows: usize) -> Tensor<B, D> {
    let old = weight.dims()[0];
    // What comes of it is a parameter again, not a result of the old one.
    let weight = weight.detach();
    if rows <= old {
        return weight.narrow(0, 0, rows);
    }
    // In half precision the sum of so many rows would be no good.
    let mean = in_type(in_f32(weight.clone()).mean_dim(0), weight.dtype());
    Tensor::cat(vec![weight, mean.repeat_dim(0, rows - old)], 0)
}

impl<B: Backend> LanguageModel<B> {
    /// Gives the model `vocab_size` token ids, rounded up to a multiple of `pad_to_multiple_of`: rows of the embedding,
    /// of an output head that is not the embedding, and of its bias. New rows are the mean of the old ones, so that a
    /// new token is at first as likely as others (transformers' `mean_resizing`, without its noise). Names and ids of
    /// parameters, and LoRA updates, stay; `config` follows.
    ///
    /// # Errors
    /// If there would be no ids, too many, or one that the config gives a role would be lost.
    pub fn resize_embedding(
        &mut self,
        config: &mut ModelConfig,
        vocab_size: usize,
        pad_to_multiple_of: Option<usize>,
    ) -> Result<(), ModelError> {
        let multiple = pad_to_multiple_of.unwrap_or(1);
        let padded = vocab_size.checked_next_multiple_of(multiple);
        let padded = padded.filter(|_| multiple > 0).ok_or_else(|| {
            wrong("vocab_size", format!("there is no multiple of {multiple} above {vocab_size}"))
        })?;
        let resized = config.with_vocab_size(padded)?;
        self.family_mut().per_id_mut().into_iter().for_each(|leaf| leaf.resize(padded));
        *config = resized;
        Ok(())
    }
}

impl<B: Backend> Pretrained<B> {
    /// Adds tokens to the tokenizer ([`Tokenizer::add_special_tokens`](crate::Tokenizer::add_special_tokens)) and, if
    /// the embedding has too few rows for them then, rows to the model ([`LanguageModel::resize_embedding`]). Many
    /// checkpoints have spare rows, and their model stays as it is. Returns how many tokens were new.
    ///
    /// # Errors
    /// As [`LanguageModel::resize_embedding`].
    pub fn add_special_tokens(
        &mut self,
        tokens: &[&str],
        pad_to_multiple_of: Option<usize>,
    ) -> Result<usize, ModelError> {
        let new = self.tokenizer.add_special_tokens(tokens);
        let needed = self.tokenizer.vocab_size();
        if needed > self.config.vocab_size() {
            self.model.resize_embedding(&mut self.config, needed, pad_to_multiple_of)?;
        }
        Ok(new)
    }
}
