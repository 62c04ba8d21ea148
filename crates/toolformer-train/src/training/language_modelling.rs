//! The paper's objective: language modelling on every token, results of calls included (section 4.1) unless they are masked.

use burn::{backend::Autodiff, tensor::backend::Backend};
use toolformer_data::TrainingSequence;
use toolformer_model::{CausalLm as _, LanguageModel, check_ids};

use super::{
    Evaluation, Metric, Objective, Perplexity, StepGradients, TrainingSettings, objective::feed_ids,
    perplexity,
};
use crate::{error::TrainError, training_sequence::TrainingRow};

mod step_gradients;

/// Sequences of ids to learn, and others to measure perplexity on.
///
/// The loss of a step is the mean over the tokens of its sequences that are in the loss.
#[derive(Debug)]
pub struct LanguageModelling<'a> {
    rows: Vec<TrainingRow<'a>>,
    held_out: &'a [TrainingSequence],
    micro_batch_tokens: usize,
    gradient_checkpointing: bool,
}

/// What is lost of examples that are longer than what is trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutExamples {
    /// Examples of which only the beginning is learnt.
    pub cut: usize,
    /// Examples whose beginning has nothing to learn, such as a prompt that leaves no room for its completion.
    pub left_out: usize,
}

impl CutExamples {
    /// Counts them, where at most `longest` tokens of an example are trained on.
    pub fn of(examples: &[TrainingSequence], longest: usize) -> Self {
        let mut found = Self::default();
        for example in examples {
            if TrainingRow::first(example, longest).targets().next().is_none() {
                found.left_out += 1;
            } else if example.len() > longest {
                found.cut += 1;
            }
        }
        found
    }
}

impl<'a> LanguageModelling<'a> {
    /// Examples as far as the settings and the model take them; those without a token to learn are left out.
    ///
    /// # Errors
    /// If nothing is left, or the model lacks an id.
    pub fn new<B: Backend>(
        model: &LanguageModel<B>,
        examples: &'a [TrainingSequence],
        held_out: &'a [TrainingSequence],
        settings: &TrainingSettings,
    ) -> Result<Self, TrainError> {
        // With a tokenizer at hand the callers say more.
        let all_ids = examples.iter().chain(held_out).map(TrainingSequence::ids);
        all_ids.into_iter().try_for_each(|ids| check_ids(ids, model.vocab_size(), None))?;
        let longest = settings.max_seq.min(model.max_positions());
        let rows: Vec<TrainingRow<'_>> = examples
            .iter()
            .map(|example| TrainingRow::first(example, longest))
            .filter(|row| row.targets().next().is_some())
            .collect();
        if rows.is_empty() {
            let why = format!("no example has a token to learn among its first {longest}");
            return Err(TrainError::NoExamples { why });
        }
        Ok(Self {
            rows,
            held_out,
            micro_batch_tokens: settings.micro_batch_tokens,
            gradient_checkpointing: settings.gradient_checkpointing,
        })
    }
}

impl<B: Backend> Objective<B> for LanguageModelling<'_> {
    type Model = LanguageModel<B>;

    fn examples(&self) -> usize {
        self.rows.len()
    }

    fn weight(&self, example: usize) -> usize {
        self.rows[example].targets().count()
    }

    fn gradients(
        &self,
        model: &LanguageModel<Autodiff<B>>,
        examples: &[usize],
        total: usize,
    ) -> StepGradients {
        let mut rows: Vec<TrainingRow<'_>> = examples.iter().map(|&example| self.rows[example]).collect();
        // Within a step the order does not matter to the gradient, and like lengths together waste less.
        rows.sort_by_key(|row| row.ids.len());
        step_gradients::step_gradients(
            model,
            &rows,
            total,
            self.micro_batch_tokens,
            self.gradient_checkpointing,
        )
    }

    fn evaluate(&self, model: &LanguageModel<B>) -> Option<Evaluation> {
        let found = perplexity::<B, _>(model, self.held_out, self.micro_batch_tokens.max(512));
        found.map(|Perplexity { value, tokens }| Evaluation::of_loss(value.ln(), tokens))
    }

    fn metric(&self, step: usize, evaluation: &Evaluation) -> Metric {
        Metric { step, perplexity: Some(evaluation.perplexity()), ..Metric::default() }
    }

    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8])) {
        let held_out = self.held_out.iter().map(|sequence| (sequence.ids(), sequence.in_loss()));
        for (ids, in_loss) in held_out.chain(self.rows.iter().map(|row| (row.ids, row.in_loss))) {
            feed_ids(ids, feed);
            in_loss.into_iter().flatten().for_each(|&in_loss| feed(&[u8::from(in_loss)]));
        }
    }
}
