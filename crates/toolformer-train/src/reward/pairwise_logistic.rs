//! The objective of reward models: the better answer scores higher.

use burn::{
    backend::Autodiff,
    tensor::{Tensor, activation::log_sigmoid, backend::Backend},
};
use toolformer_model::{CausalLm as _, SequenceClassifier, TokenBatch, check_ids};

use super::{EncodedPair, score_pairs};
use crate::{
    error::TrainError,
    training::{
        Evaluation, Metric, Objective, StepGradients, Sum, Trainable, TrainingSettings, add_score_gradients,
        check_precision, micro_batches,
    },
};

/// `-log sigmoid(r_c - r_r - margin)`, the mean over the pairs of a step: Ouyang et al. (2022), equation 1, with the margin of
/// Touvron et al. (2023), equation 2. Scores are free to drift together; `centre` times the mean of `(r_c + r_r)^2` keeps them
/// around 0 (Eisenstein et al., 2023; TRL's `center_rewards_coefficient`).
#[derive(Debug)]
pub struct PairwiseLogistic<'a> {
    pairs: &'a [EncodedPair],
    held_out: &'a [EncodedPair],
    centre: f64,
    micro_batch_tokens: usize,
    gradient_checkpointing: bool,
}

impl<'a> PairwiseLogistic<'a> {
    /// Pairs to learn, and others to measure on. A `centre` of 0 is none.
    ///
    /// # Errors
    /// If there is nothing to learn, the model has several labels, cannot be trained, lacks an id or is too short for a pair, or
    /// `centre` is out of range.
    pub fn new<B: Backend>(
        model: &SequenceClassifier<B>,
        pairs: &'a [EncodedPair],
        held_out: &'a [EncodedPair],
        centre: f64,
        settings: &TrainingSettings,
    ) -> Result<Self, TrainError> {
        check_precision(&model.body, &settings.method)?;
        if model.n_labels() != 1 {
            let why = format!("a reward model has one, and this model has {}", model.n_labels());
            return Err(TrainError::Setting { name: "labels", why });
        }
        if !(centre.is_finite() && centre >= 0.0) {
            return Err(TrainError::Setting { name: "centre", why: "must be 0 or more".into() });
        }
        if pairs.is_empty() {
            return Err(TrainError::NoExamples { why: "there is no pair that fits".into() });
        }
        for ids in pairs.iter().chain(held_out).flat_map(|pair| [&pair.chosen, &pair.rejected]) {
            check_ids(ids, model.body.vocab_size(), None)?;
            if ids.is_empty() || ids.len() > model.body.max_positions() {
                let why = "a side of a pair has no tokens, or more than the model's context".into();
                return Err(TrainError::NoExamples { why });
            }
        }
        let &TrainingSettings { micro_batch_tokens, gradient_checkpointing, .. } = settings;
        Ok(Self { pairs, held_out, centre, micro_batch_tokens, gradient_checkpointing })
    }

    /// The loss of pairs whose scores are `[better..., worse...]`, `[2 * pairs, 1]`, over `total`.
    fn loss<B: Backend>(&self, scores: Tensor<B, 2>, pairs: &[&EncodedPair], total: usize) -> Tensor<B, 1> {
        let n = pairs.len();
        let scores = scores.reshape([2 * n]); // [2 * pairs]
        let [better, worse] = [0, n].map(|first| scores.clone().narrow(0, first, n)); // [pairs]
        let margins: Vec<f32> = pairs.iter().map(|pair| pair.margin as f32).collect();
        let margins = Tensor::from_floats(margins.as_slice(), &scores.device()); // [pairs]
        let mut loss = log_sigmoid(better.clone() - worse.clone() - margins).sum().neg(); // [1]
        if self.centre > 0.0 {
            loss = loss + (better + worse).powi_scalar(2).sum().mul_scalar(self.centre);
        }
        loss.div_scalar(total as f64)
    }
}

impl<B: Backend> Objective<B> for PairwiseLogistic<'_> {
    type Model = SequenceClassifier<B>;

    fn examples(&self) -> usize {
        self.pairs.len()
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
        let len = |pair: &&EncodedPair| pair.chosen.len() + pair.rejected.len();
        let mut pairs: Vec<&EncodedPair> = examples.iter().map(|&example| &self.pairs[example]).collect();
        pairs.sort_by_key(len);
        let mut sum = Sum::<B, SequenceClassifier<Autodiff<B>>>::new(model);
        let (mut loss, mut tokens) = (0.0, 0);
        for part in micro_batches(&pairs, self.micro_batch_tokens, len) {
            let better = part.iter().map(|pair| pair.chosen.as_slice());
            let texts: Vec<&[u32]> = better.chain(part.iter().map(|pair| pair.rejected.as_slice())).collect();
            let texts = TokenBatch::new(&texts);
            tokens += texts.tokens();
            loss += add_score_gradients(model, &texts, self.gradient_checkpointing, &mut sum, |scores| {
                self.loss(scores, part, total)
            });
        }
        StepGradients { gradients: sum.gradients(), loss, tokens }
    }

    fn evaluate(&self, model: &SequenceClassifier<B>) -> Option<Evaluation> {
        let found = score_pairs(model, self.held_out, self.micro_batch_tokens.max(512));
        found.map(|found| found.evaluation())
    }

    fn metric(&self, step: usize, evaluation: &Evaluation) -> Metric {
        Metric::of_evaluation(step, evaluation)
    }

    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(b"pairwise logistic");
        feed(&self.centre.to_le_bytes());
        for pairs in [self.pairs, self.held_out] {
            feed(&(pairs.len() as u64).to_le_bytes());
            for EncodedPair { chosen, rejected, margin } in pairs {
                feed(&margin.to_le_bytes());
                for ids in [chosen, rejected] {
                    feed(&(ids.len() as u64).to_le_bytes());
                    ids.iter().for_each(|id| feed(&id.to_le_bytes()));
                }
            }
        }
    }
}
