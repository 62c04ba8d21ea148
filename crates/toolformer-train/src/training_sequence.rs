//! What a model is trained on: the tokens of a text, and which of them it learns to write.

use std::ops::Range;

use toolformer_model::{Tokenizer, check_ids};

use crate::error::TrainError;

/// A sequence of ids to train on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingSequence {
    ids: Vec<u32>,
    /// Of each id, whether it is in the loss; none where all are.
    in_loss: Option<Vec<bool>>,
}

impl From<Vec<u32>> for TrainingSequence {
    /// Every token is in the loss, as in the paper.
    fn from(ids: Vec<u32>) -> Self {
        Self { ids, in_loss: None }
    }
}

impl TrainingSequence {
    /// Ids of which only some are in the loss: `in_loss` says it of each. All are read, whether or not they are in the loss.
    /// The first is never in it, as nothing predicts it.
    ///
    /// # Errors
    /// If the two differ in length.
    pub fn masked(ids: Vec<u32>, in_loss: Vec<bool>) -> Result<Self, TrainError> {
        if ids.len() != in_loss.len() {
            let why = format!("has {} entries for {} ids; give one for each id", in_loss.len(), ids.len());
            return Err(TrainError::Setting { name: "in_loss", why });
        }
        let in_loss = Some(in_loss).filter(|in_loss| in_loss.contains(&false));
        Ok(Self { ids, in_loss })
    }

    /// The ids.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Its first `len` ids at most.
    pub(crate) fn first(&self, len: usize) -> TrainingRow<'_> {
        let len = len.min(self.ids.len());
        TrainingRow { ids: &self.ids[..len], in_loss: self.in_loss.as_ref().map(|in_loss| &in_loss[..len]) }
    }
}

/// A sequence as far as the model takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainingRow<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) in_loss: Option<&'a [bool]>,
}

impl<'a> TrainingRow<'a> {
    /// What is to be predicted, each with the index of the id before it.
    pub(crate) fn targets(self) -> impl Iterator<Item = (usize, u32)> + 'a {
        let in_loss = move |index: usize| self.in_loss.is_none_or(|in_loss| in_loss[index]);
        let targets = self.ids.iter().skip(1).enumerate();
        targets.filter(move |&(before, _)| in_loss(before + 1)).map(|(before, &id)| (before, id))
    }
}

/// Tokens to train on for a text, by a model with `vocab_size` ids: as the tokenizer declares, and the end token where
/// there is one, so that the model keeps knowing when to stop.
///
/// Tokens that begin in one of the ranges of bytes `left_out` are not in the loss. For
/// [`Woven::responses`](crate::Woven::responses) these are the results of calls and their `]`, which at inference the program
/// writes; `->`, which the model has to write, stays in it.
///
/// # Errors
/// If the tokenizer fails, gives an id that the model has not, or puts special tokens into the middle of a text, so that it is
/// not known which token stands where.
pub fn training_sequence(
    tokenizer: &Tokenizer,
    vocab_size: usize,
    text: &str,
    left_out: &[Range<usize>],
) -> Result<TrainingSequence, TrainError> {
    let mut ids = tokenizer.encode_with_special(text)?;
    if ids.last().copied() != tokenizer.eos() {
        ids.extend(tokenizer.eos());
    }
    check_ids(&ids, vocab_size, Some(tokenizer))?;
    if left_out.is_empty() {
        return Ok(ids.into());
    }
    let (own, spans) = tokenizer.encode_with_offsets(text)?;
    let Some(first) = ids.windows(own.len().max(1)).position(|window| window == own) else {
        let why = "this tokenizer puts special tokens into the middle of texts, so that results cannot be found again";
        return Err(TrainError::Setting { name: "mask_responses", why: why.into() });
    };
    let mut in_loss = vec![true; ids.len()];
    for (in_loss, (start, _)) in in_loss[first..].iter_mut().zip(spans) {
        *in_loss = !left_out.iter().any(|range| range.contains(&start));
    }
    TrainingSequence::masked(ids, in_loss)
}

/// Tokens to measure perplexity on for a text, as [`training_sequence`] has them but for the end.
///
/// # Errors
/// As [`training_sequence`].
pub fn held_out_sequence(
    tokenizer: &Tokenizer,
    vocab_size: usize,
    text: &str,
) -> Result<Vec<u32>, TrainError> {
    let ids = tokenizer.encode_with_special(text)?;
    check_ids(&ids, vocab_size, Some(tokenizer))?;
    Ok(ids)
}
