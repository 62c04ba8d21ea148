//! What a reward model gives for pairs, and how good that is.

use burn::tensor::backend::Backend;
use toolformer_eval::Proportion;
use toolformer_model::SequenceClassifier;

use super::{EncodedPair, PreferencePair};
use crate::{text_scores::text_scores, training::Evaluation};

/// The scores of pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct PairScores {
    /// Of each pair, the score of the better and that of the worse.
    pub scores: Vec<[f64; 2]>,
    /// Mean of `-log sigmoid(better - worse - margin)`, nats.
    pub loss: f64,
    /// Part of the pairs whose better one scores higher; equal scores are half right, as a coin would be.
    pub accuracy: f64,
    /// Mean of how much higher the better one scores.
    pub margin: f64,
}

/// Scores pairs by a model's first label; none if there are none. About `batch_tokens` tokens go through the model at once.
pub fn score_pairs<B: Backend>(
    model: &SequenceClassifier<B>,
    pairs: &[EncodedPair],
    batch_tokens: usize,
) -> Option<PairScores> {
    if pairs.is_empty() {
        return None;
    }
    let texts: Vec<&[u32]> = pairs.iter().flat_map(|pair| [pair.chosen.as_slice(), &pair.rejected]).collect();
    let found = text_scores(model, &texts, batch_tokens);
    let scores: Vec<[f64; 2]> =
        found.chunks(2).map(|pair| [f64::from(pair[0][0]), f64::from(pair[1][0])]).collect();
    let mean = |of: &dyn Fn(&[f64; 2], &EncodedPair) -> f64| {
        scores.iter().zip(pairs).map(|(scores, pair)| of(scores, pair)).sum::<f64>() / pairs.len() as f64
    };
    Some(PairScores {
        loss: mean(&|[better, worse], pair| softplus(pair.margin + worse - better)),
        accuracy: mean(&|&[better, worse], _| rightness(better, worse)),
        margin: mean(&|[better, worse], _| better - worse),
        scores,
    })
}

impl PairScores {
    /// As an evaluation of a training run.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            accuracy: Some(self.accuracy),
            margin: Some(self.margin),
            ..Evaluation::of_loss(self.loss, self.scores.len())
        }
    }

    /// The accuracy with its interval; `questions` are the numbers of the pairs of each question, see
    /// [`by_question`](super::by_question).
    pub fn accuracy_with_interval(&self, questions: &[Vec<usize>], seed: u64) -> Option<Proportion> {
        let right: Vec<f64> = self.scores.iter().map(|&[better, worse]| rightness(better, worse)).collect();
        interval(&right, questions, seed)
    }
}

/// How often the better answer is the longer one, in characters; the baseline of preferring the shorter one is the rest.
pub fn prefer_longer(pairs: &[PreferencePair], questions: &[Vec<usize>], seed: u64) -> Option<Proportion> {
    let len = |text: &str| text.chars().count() as f64;
    let right: Vec<f64> =
        pairs.iter().map(|pair| rightness(len(&pair.chosen.answer), len(&pair.rejected.answer))).collect();
    interval(&right, questions, seed)
}

fn interval(right: &[f64], questions: &[Vec<usize>], seed: u64) -> Option<Proportion> {
    let group = |numbers: &Vec<usize>| {
        (numbers.iter().filter_map(|&number| right.get(number)).sum::<f64>(), numbers.len() as f64)
    };
    Proportion::of_clusters(&questions.iter().map(group).collect::<Vec<_>>(), seed)
}

fn rightness(better: f64, worse: f64) -> f64 {
    if better > worse {
        1.0
    } else if better < worse {
        0.0
    } else {
        0.5
    }
}

/// `log(1 + exp(x))`, however large `x` is.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
