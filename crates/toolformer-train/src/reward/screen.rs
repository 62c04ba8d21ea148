//! Scoring calls before they are executed.

use std::path::Path;

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm as _, SequenceClassifier, Tokenizer, check_ids};
use toolformer_text::Syntax;

use super::{Conversation, Template, calls::call_in_place};
use crate::{
    candidate::{Candidate, Status},
    error::TrainError,
    text_scores::text_scores,
    texts::TextId,
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
        let longest = self.model.body.max_positions();
        let ids = |conversation: Conversation| {
            // What stands for itself is the same in every template.
            let ids = Template::Chat.ids_within(&conversation, &self.tokenizer, longest)?;
            check_ids(
                ids.as_deref().unwrap_or_default(),
                self.model.body.vocab_size(),
                Some(&self.tokenizer),
            )?;
            Ok::<_, TrainError>(ids)
        };
        let calls = candidates.iter().map(|candidate| call_in_place(text, candidate, &self.syntax));
        let calls: Vec<Option<Vec<u32>>> =
            calls.map(|call| call.map_or(Ok(None), ids)).collect::<Result<_, _>>()?;
        let fitting: Vec<&Vec<u32>> = calls.iter().flatten().collect();
        let mut scores = text_scores(&self.model, &fitting, self.batch_tokens).into_iter();
        let score =
            |call: &Option<Vec<u32>>| call.as_ref().and_then(|_| scores.next()).map(|of| f64::from(of[0]));
        Ok(calls.iter().map(score).collect())
    }

    /// Marks the calls that score less than they have to; they are not executed then. Candidates are sorted by their texts.
    ///
    /// # Errors
    /// As [`Screen::scores`].
    pub(crate) fn sort_out<'t>(
        &self,
        text_of: impl Fn(&TextId) -> Option<&'t str>,
        candidates: &mut [Candidate],
    ) -> Result<(), TrainError> {
        for own in candidates.chunk_by_mut(|a, b| a.text_id == b.text_id) {
            let Some(text) = own.first().and_then(|first| text_of(&first.text_id)) else { continue };
            // What is not executed anyway costs nothing here.
            let (to_execute, calls): (Vec<usize>, Vec<Candidate>) = own
                .iter()
                .enumerate()
                .filter(|(_, candidate)| candidate.status == Status::Ok && candidate.result.is_none())
                .map(|(number, candidate)| (number, candidate.clone()))
                .unzip();
            for (number, score) in to_execute.into_iter().zip(self.scores(text, &calls)?) {
                if score.is_some_and(|score| score < self.min_score) {
                    own[number].status = Status::Screened;
                }
            }
        }
        Ok(())
    }
}
