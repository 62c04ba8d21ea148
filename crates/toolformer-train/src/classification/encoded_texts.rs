//! Texts as token ids, with the numbers of their labels.

use toolformer_model::{Tokenizer, check_ids};

use super::{LabelledText, Labels};
use crate::error::TrainError;

/// A text as token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedText {
    /// The ids.
    pub ids: Vec<u32>,
    /// The number of its label; 0 where it has none.
    pub label: usize,
}

/// Texts as token ids, and how many were dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedTexts {
    /// The texts, in their order.
    pub texts: Vec<EncodedText>,
    /// Of each, which of the given texts it is, from 0.
    pub numbers: Vec<usize>,
    /// Texts that were dropped.
    pub too_long: usize,
}

/// Encodes texts with the special tokens that the tokenizer declares, for a model with `vocab_size` ids. Those longer than
/// `max_tokens` are dropped.
///
/// # Errors
/// If a label is none of `labels`, or the model lacks an id.
pub fn encode_texts(
    texts: &[LabelledText],
    labels: &Labels,
    tokenizer: &Tokenizer,
    max_tokens: usize,
    vocab_size: usize,
) -> Result<EncodedTexts, TrainError> {
    let mut found = EncodedTexts::default();
    for (number, LabelledText { text, label }) in texts.iter().enumerate() {
        let ids = tokenizer.encode_with_special(text)?;
        check_ids(&ids, vocab_size, Some(tokenizer))?;
        if ids.len() > max_tokens || ids.is_empty() {
            found.too_long += 1;
            continue;
        }
        let label = label.as_deref().map_or(Ok(0), |label| labels.number(label))?;
        found.texts.push(EncodedText { ids, label });
        found.numbers.push(number);
    }
    Ok(found)
}
