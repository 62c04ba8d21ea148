//! A text as the model sees it.

use toolformer_model::{Tokenizer, check_ids};

use crate::{error::TrainError, texts::Text};

/// A text with its tokens: `x`, tokenised once and alone.
#[derive(Clone, Debug)]
pub struct Tokenized<'a> {
    /// The text.
    pub text: &'a Text,
    /// `x_0, x_1, ...`
    pub ids: Vec<u32>,
    /// Byte offset at which each token starts.
    pub offsets: Vec<usize>,
}

impl<'a> Tokenized<'a> {
    /// Tokenises a text.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn new(text: &'a Text, tokenizer: &Tokenizer) -> Result<Self, TrainError> {
        let (ids, spans) = tokenizer.encode_with_offsets(&text.text)?;
        Ok(Self { text, ids, offsets: spans.into_iter().map(|(start, _)| start).collect() })
    }

    /// Checks that a model with `vocab_size` ids has all of the text's.
    ///
    /// # Errors
    /// Names the text and the token.
    pub(crate) fn check(&self, vocab_size: usize, tokenizer: &Tokenizer) -> Result<(), TrainError> {
        let text_id = || self.text.id.clone();
        check_ids(&self.ids, vocab_size, Some(tokenizer))
            .map_err(|source| TrainError::Text { text_id: text_id(), source })
    }
}
