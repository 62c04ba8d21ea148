//! The objective of classifiers: the right label is likely.

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm as _, SequenceClassifier, check_ids, cross_entropy};

use super::{EncodedText, score_labels};
use crate::{
    error::TrainError,
    training::{
        Evaluation, Metric, Objective, Parts, StepGradients, Trainable, TrainingSettings, check_precision,
        feed_ids,
    },
};

/// `-log p(label)`, the mean over the texts of a step.
#[derive(Debug)]
pub struct LabelCrossEntropy<'a> {
    texts: &'a [EncodedText],
    held_out: &'a [EncodedText],
    parts: Parts,
}

impl<'a> LabelCrossEntropy<'a> {
    /// Texts to learn, and others to measure on.
    ///
    /// # Errors
    /// If there is nothing to learn, or the model cannot be trained, lacks an id or a label, or is too short for a text.
    pub fn new<B: Backend>(
        model: &SequenceClassifier<B>,
        texts: &'a [EncodedText],
        held_out: &'a [EncodedText],
        settings: &TrainingSettings,
    ) -> Result<Self, TrainError> {
        check_precision(&model.body, &settings.method)?;
        let no_examples = |why: &str| Err(TrainError::NoExamples { why: why.to_owned() });
        if texts.is_empty() {
            return no_examples("there is no text that fits; give others, or let longer ones in");
        }
        for EncodedText { ids, label } in texts.iter().chain(held_out) {
            check_ids(ids, model.body.vocab_size(), None)?;
            if ids.is_empty() || ids.len() > model.body.max_positions() {
                return no_examples("a text has no tokens, or more than the model's context");
            }
            if *label >= model.n_labels() {
                return no_examples("a text has a label that the model has not");
            }
        }
        Ok(Self { texts, held_out, parts: Parts::of(settings) })
    }
}

impl<'a, B: Backend> Objective<B> for LabelCrossEntropy<'a> {
    type Model = SequenceClassifier<B>;

    fn examples(&self) -> usize {
        self.texts.len()
    }

    fn weight(&self, _: usize) -> usize {
        1
    }

    fn gradients(
        &self,
        model: &<SequenceClassifier<B> as Trainable<B>>::Learning,
        examples: &[usize],
        total: usize,
    ) -> StepGradients {
        let texts = examples.iter().map(|&example| &self.texts[example]).collect();
        let ids = |texts: &[&'a EncodedText]| texts.iter().map(|text| text.ids.as_slice()).collect();
        self.parts.gradients(model, texts, ids, |scores, texts| {
            let labels: Vec<u32> = texts.iter().map(|text| text.label as u32).collect();
            cross_entropy(scores, &labels).div_scalar(total as f64)
        })
    }

    fn has_held_out(&self) -> bool {
        !self.held_out.is_empty()
    }

    fn evaluate(&self, model: &SequenceClassifier<B>) -> Option<Evaluation> {
        let found = score_labels(model, self.held_out, self.parts.tokens_to_score());
        found.map(|found| found.evaluation())
    }

    fn metric(&self, step: usize, evaluation: &Evaluation) -> Metric {
        Metric::of_evaluation(step, evaluation)
    }

    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(b"label cross-entropy");
        for texts in [self.texts, self.held_out] {
            feed(&(texts.len() as u64).to_le_bytes());
            for EncodedText { ids, label } in texts {
                feed(&(*label as u64).to_le_bytes());
                feed_ids(ids, feed);
            }
        }
    }
}
