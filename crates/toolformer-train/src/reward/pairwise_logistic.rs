//! The objective of reward models: the better answer scores higher.

use burn::tensor::{Tensor, activation::log_sigmoid, backend::Backend};
use toolformer_model::{CausalLm as _, SequenceClassifier, check_ids};

use super::{EncodedPair, score_pairs};
use crate::{
    error::TrainError,
    training::{
        Evaluation, Metric, Objective, Parts, StepGradients, Trainable, TrainingSettings, check_precision,
        feed_ids,
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
    parts: Parts,
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
            return Err(TrainError::NoExamples {
                why: "there is no pair that fits; give others, or let longer ones in".into(),
            });
        }
        for ids in pairs.iter().chain(held_out).flat_map(|pair| [&pair.chosen, &pair.rejected]) {
            check_ids(ids, model.body.vocab_size(), None)?;
            if ids.is_empty() || ids.len() > model.body.max_positions() {
                let why = "a side of a pair has no tokens, or more than the model's context".into();
                return Err(TrainError::NoExamples { why });
            }
        }
        Ok(Self { pairs, held_out, centre, parts: Parts::of(settings) })
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

impl<'a, B: Backend> Objective<B> for PairwiseLogistic<'a> {
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
        let pairs = examples.iter().map(|&example| &self.pairs[example]).collect();
        let ids = |pairs: &[&'a EncodedPair]| {
            let better = pairs.iter().map(|pair| pair.chosen.as_slice());
            better.chain(pairs.iter().map(|pair| pair.rejected.as_slice())).collect()
        };
        self.parts.gradients(model, pairs, ids, |scores, pairs| self.loss(scores, pairs, total))
    }

    fn has_held_out(&self) -> bool {
        !self.held_out.is_empty()
    }

    fn evaluate(&self, model: &SequenceClassifier<B>) -> Option<Evaluation> {
        let found = score_pairs(model, self.held_out, self.parts.tokens_to_score());
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
                    feed_ids(ids, feed);
                }
            }
        }
    }
}
