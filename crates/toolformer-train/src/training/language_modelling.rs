//! The paper's objective: language modelling on every token, results of calls included (section 4.1) unless they are masked.

use std::{borrow::Cow, fmt};

use burn::{backend::Autodiff, tensor::backend::Backend};
use toolformer_data::{Sequences, TrainingSequence};
use toolformer_model::{CausalLm as _, LanguageModel, check_ids};

use super::{
    Evaluation, Metric, Objective, Perplexity, StepGradients, TrainingSettings, objective::feed_ids,
    perplexity,
};
use crate::{error::TrainError, training_sequence::TrainingRow};

mod step_gradients;

/// Sequences of ids to learn, and others to measure perplexity on.
///
/// The loss of a step is the mean over the tokens of its sequences that are in the loss. Of the sequences to learn only those of
/// a step are in memory, where they lie in a file.
pub struct LanguageModelling<'a> {
    examples: &'a dyn Sequences,
    /// The numbers of those with a token to learn, and how many tokens that are.
    learnt: Vec<(usize, usize)>,
    /// Most tokens of an example.
    longest: usize,
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
    pub fn of(examples: &dyn Sequences, longest: usize) -> Self {
        let mut found = Self::default();
        for example in (0..examples.count()).map(|number| examples.sequence(number)) {
            // What limits of length leave out is no example.
            if example.is_empty() {
                continue;
            }
            if TrainingRow::first(&example, longest).targets().next().is_none() {
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
        examples: &'a dyn Sequences,
        held_out: &'a [TrainingSequence],
        settings: &TrainingSettings,
    ) -> Result<Self, TrainError> {
        // With a tokenizer at hand the callers say more.
        let check = |sequence: &TrainingSequence| check_ids(sequence.ids(), model.vocab_size(), None);
        held_out.iter().try_for_each(check)?;
        let longest = settings.max_seq.min(model.max_positions());
        let mut learnt = Vec::new();
        for number in 0..examples.count() {
            let example = examples.sequence(number);
            check(&example)?;
            let targets = TrainingRow::first(&example, longest).targets().count();
            if targets > 0 {
                learnt.push((number, targets));
            }
        }
        if learnt.is_empty() {
            let why = format!("no example has a token to learn among its first {longest}");
            return Err(TrainError::NoExamples { why });
        }
        Ok(Self {
            examples,
            learnt,
            longest,
            held_out,
            micro_batch_tokens: settings.micro_batch_tokens,
            gradient_checkpointing: settings.gradient_checkpointing,
        })
    }
}

impl<B: Backend> Objective<B> for LanguageModelling<'_> {
    type Model = LanguageModel<B>;

    fn examples(&self) -> usize {
        self.learnt.len()
    }

    fn weight(&self, example: usize) -> usize {
        self.learnt[example].1
    }

    fn gradients(
        &self,
        model: &LanguageModel<Autodiff<B>>,
        examples: &[usize],
        total: usize,
    ) -> StepGradients {
        let examples: Vec<Cow<'_, TrainingSequence>> =
            examples.iter().map(|&example| self.examples.sequence(self.learnt[example].0)).collect();
        let mut rows: Vec<TrainingRow<'_>> =
            examples.iter().map(|example| TrainingRow::first(example, self.longest)).collect();
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

    fn has_held_out(&self) -> bool {
        !self.held_out.is_empty()
    }

    fn evaluate(&self, model: &LanguageModel<B>) -> Option<Evaluation> {
        let found = perplexity::<B, _>(model, self.held_out, self.micro_batch_tokens.max(512));
        found.map(|Perplexity { value, tokens }| Evaluation::of_loss(value.ln(), tokens))
    }

    fn metric(&self, step: usize, evaluation: &Evaluation) -> Metric {
        Metric { step, perplexity: Some(evaluation.perplexity()), ..Metric::default() }
    }

    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8])) {
        for count in [self.held_out.len(), self.learnt.len()] {
            feed(&(count as u64).to_le_bytes());
        }
        let mut feed_row = |TrainingRow { ids, in_loss }: TrainingRow<'_>| {
            feed_ids(ids, feed);
            in_loss.into_iter().flatten().for_each(|&in_loss| feed(&[u8::from(in_loss)]));
        };
        self.held_out.iter().for_each(|sequence| feed_row(TrainingRow::first(sequence, usize::MAX)));
        for &(number, _) in &self.learnt {
            feed_row(TrainingRow::first(&self.examples.sequence(number), self.longest));
        }
    }
}

impl fmt::Debug for LanguageModelling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LanguageModelling({} examples)", self.learnt.len())
    }
}
