//! The objective of classifiers: the right label is likely.

use burn::{backend::Autodiff, tensor::backend::Backend};
use toolformer_model::{CausalLm as _, SequenceClassifier, TokenBatch, check_ids, cross_entropy};

use super::{EncodedText, score_labels};
use crate::{
    error::TrainError,
    training::{
        Evaluation, Metric, Objective, StepGradients, Sum, Trainable, TrainingSettings, add_score_gradients,
        check_precision, micro_batches,
    },
};

/// `-log p(label)`, the mean over the texts of a step.
#[derive(Debug)]
pub struct LabelCrossEntropy<'a> {
    texts: &'a [EncodedText],
    held_out: &'a [EncodedText],
    micro_batch_tokens: usize,
    gradient_checkpointing: bool,
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
            return no_examples("there is no text that fits");
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
        let &TrainingSettings { micro_batch_tokens, gradient_checkpointing, .. } = settings;
        Ok(Self { texts, held_out, micro_batch_tokens, gradient_checkpointing })
    }
}

impl<B: Backend> Objective<B> for LabelCrossEntropy<'_> {
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
        let len = |text: &&EncodedText| text.ids.len();
        let mut texts: Vec<&EncodedText> = examples.iter().map(|&example| &self.texts[example]).collect();
        texts.sort_by_key(len);
        let mut sum = Sum::<B, SequenceClassifier<Autodiff<B>>>::new(model);
        let (mut loss, mut tokens) = (0.0, 0);
        for part in micro_batches(&texts, self.micro_batch_tokens, len) {
            let ids: Vec<&[u32]> = part.iter().map(|text| text.ids.as_slice()).collect();
            let labels: Vec<u32> = part.iter().map(|text| text.label as u32).collect();
            let ids = TokenBatch::new(&ids);
            tokens += ids.tokens();
            loss += add_score_gradients(model, &ids, self.gradient_checkpointing, &mut sum, |scores| {
                cross_entropy(scores, &labels).div_scalar(total as f64)
            });
        }
        StepGradients { gradients: sum.gradients(), loss, tokens }
    }

    fn evaluate(&self, model: &SequenceClassifier<B>) -> Option<Evaluation> {
        let found = score_labels(model, self.held_out, self.micro_batch_tokens.max(512));
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
                feed(&(ids.len() as u64).to_le_bytes());
                ids.iter().for_each(|id| feed(&id.to_le_bytes()));
            }
        }
    }
}
