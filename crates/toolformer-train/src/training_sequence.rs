//! What a model is trained on: the tokens of a text, and which of them it learns to write.

use std::ops::Range;

use toolformer_data::TrainingSequence;
use toolformer_model::{Tokenizer, check_ids};

use crate::error::TrainError;

/// A sequence as far as the model takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainingRow<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) in_loss: Option<&'a [bool]>,
}

impl<'a> TrainingRow<'a> {
    /// The first `len` ids at most of a sequence.
    pub(crate) fn first(sequence: &'a TrainingSequence, len: usize) -> Self {
        let len = len.min(sequence.len());
        Self { ids: &sequence.ids()[..len], in_loss: sequence.in_loss().map(|in_loss| &in_loss[..len]) }
    }

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
    Ok(TrainingSequence::masked(ids, in_loss)?)
}

/// Tokens to train on for a prompt and its completion, of which only the completion is in the loss, and the end token behind
/// it. The two are tokenised apart, so that it is certain where the completion begins.
///
/// # Errors
/// As [`training_sequence`], and if the completion is empty.
pub fn completion_sequence(
    tokenizer: &Tokenizer,
    vocab_size: usize,
    prompt: &str,
    completion: &str,
) -> Result<TrainingSequence, TrainError> {
    let mut prompt = tokenizer.encode_with_special(prompt)?;
    // Some tokenizers end every text, which a prompt does not.
    if prompt.len() > 1 && prompt.last().copied() == tokenizer.eos() {
        prompt.pop();
    }
    let mut completion = tokenizer.encode_continuation(completion)?;
    if completion.is_empty() {
        return Err(TrainError::NoExamples { why: "a completion is empty".into() });
    }
    completion.extend(tokenizer.eos());
    check_ids(&prompt, vocab_size, Some(tokenizer))?;
    check_ids(&completion, vocab_size, Some(tokenizer))?;
    Ok(TrainingSequence::of_completion(&prompt, &completion))
}

/// Tokens to measure perplexity on for a text, as [`training_sequence`] has them but for the end.
///
/// # Errors
/// As [`training_sequence`].
pub fn held_out_sequence(
    tokenizer: &Tokenizer,
    vocab_size: usize,
    text: &str,
) -> Result<TrainingSequence, TrainError> {
    let ids = tokenizer.encode_with_special(text)?;
    check_ids(&ids, vocab_size, Some(tokenizer))?;
    Ok(ids.into())
}
