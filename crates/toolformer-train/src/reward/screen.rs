//! Scoring calls before they are executed.

use std::{collections::HashMap, ops::Range, path::Path};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm as _, SequenceClassifier, Tokenizer, check_ids};
use toolformer_text::Syntax;

use super::{Template, calls::call_in_place};
use crate::{
    alike_scores::alike_scores,
    candidate::{Candidate, Status},
    error::TrainError,
    texts::TextId,
    tokenized::Tokenized,
};

/// A reward model that learnt from [`pairs_of_calls`](super::pairs_of_calls), and says of a call that was sampled whether the
/// filter is likely to keep it, before its tool is run.
#[derive(Debug)]
pub struct Screen<B: Backend> {
    model: SequenceClassifier<B>,
    tokenizer: Tokenizer,
    syntax: Syntax,
    batch_tokens: usize,
    /// What a call has to score to be executed.
    min_score: f64,
}

impl<B: Backend> Screen<B> {
    /// Opens a reward model's folder. About `batch_tokens` tokens will go through it at once.
    ///
    /// # Errors
    /// If it cannot be opened, has several labels, or `min_score` is no number.
    pub fn open(
        folder: &Path,
        syntax: Syntax,
        min_score: f64,
        batch_tokens: usize,
        device: &B::Device,
    ) -> Result<Self, TrainError> {
        if min_score.is_nan() {
            return Err(TrainError::Setting { name: "min_score", why: "is a number".into() });
        }
        let (model, config) = SequenceClassifier::open(folder, device)?;
        if model.n_labels() != 1 {
            let why = format!("a reward model has one, and this model has {}", model.n_labels());
            return Err(TrainError::Setting { name: "labels", why });
        }
        let eos = config.body.eos().first().copied();
        let tokenizer = Tokenizer::from_folder(folder, config.body.bos(), eos)?;
        Ok(Self { model, tokenizer, syntax, batch_tokens, min_score })
    }

    /// The score of each of a text's candidates, higher for what is more worth executing; none for what is no call, or does not
    /// fit the model with the text before it.
    ///
    /// # Errors
    /// If the model lacks an id of the text.
    pub fn scores(&self, text: &str, candidates: &[Candidate]) -> Result<Vec<Option<f64>>, TrainError> {
        let calls = candidates.iter().map(|candidate| self.ids(text, candidate));
        let calls: Vec<Option<Vec<u32>>> = calls.collect::<Result<_, _>>()?;
        let fitting: Vec<&Vec<u32>> = calls.iter().flatten().collect();
        let (scores, _) = alike_scores(&self.model, &[fitting], self.batch_tokens);
        let mut scores = scores.into_iter().flatten();
        let score = |call: &Option<Vec<u32>>| call.as_ref().and_then(|_| scores.next()).map(f64::from);
        Ok(calls.iter().map(score).collect())
    }

    /// What the model reads of a call.
    fn ids(&self, text: &str, candidate: &Candidate) -> Result<Option<Vec<u32>>, TrainError> {
        let Some(call) = call_in_place(text, candidate, &self.syntax) else { return Ok(None) };
        let body = &self.model.body;
        // What stands for itself is the same in every template.
        let ids = Template::Chat.ids_within(&call, &self.tokenizer, body.max_positions())?;
        check_ids(ids.as_deref().unwrap_or_default(), body.vocab_size(), Some(&self.tokenizer))?;
        Ok(ids)
    }

    /// Enters the scores of the calls that are to be executed, and marks those that score less than they have to; they are not
    /// executed then. Returns the tokens that it took. Candidates are sorted by their texts.
    ///
    /// # Errors
    /// As [`Screen::scores`].
    pub(crate) fn sort_out(
        &self,
        texts: &[Tokenized<'_>],
        candidates: &mut [Candidate],
    ) -> Result<usize, TrainError> {
        let text_of: HashMap<&TextId, &str> =
            texts.iter().map(|text| (&text.text.id, text.text.text.as_str())).collect();
        let (mut numbers, mut calls) = (Vec::new(), Vec::new());
        for own in by_text_id(candidates) {
            let (mut own_numbers, mut own_calls) = (Vec::new(), Vec::new());
            for number in own {
                let candidate = &candidates[number];
                let Some(text) = text_of.get(&candidate.text_id) else { continue };
                // What is not executed anyway costs nothing here.
                let is_to_execute = candidate.status == Status::Ok && candidate.result.is_none();
                if is_to_execute && let Some(ids) = self.ids(text, candidate)? {
                    own_numbers.push(number);
                    own_calls.push(ids);
                }
            }
            numbers.push(own_numbers);
            calls.push(own_calls);
        }
        let (scores, computed) = alike_scores(&self.model, &calls, self.batch_tokens);
        for (number, score) in numbers.into_iter().flatten().zip(scores.into_iter().flatten()) {
            let (candidate, score) = (&mut candidates[number], f64::from(score));
            candidate.screen_score = Some(score);
            if score < self.min_score {
                candidate.status = Status::Screened;
            }
        }
        Ok(computed)
    }
}

/// The numbers of each text's candidates, which stand one behind another.
fn by_text_id(candidates: &[Candidate]) -> Vec<Range<usize>> {
    let mut begin = 0;
    let own = |own: &[Candidate]| {
        begin += own.len();
        begin - own.len()..begin
    };
    candidates.chunk_by(|a, b| a.text_id == b.text_id).map(own).collect()
}
