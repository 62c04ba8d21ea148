//! What a classifier gives for texts, and how good that is.

use burn::tensor::backend::Backend;
use toolformer_model::SequenceClassifier;

use super::EncodedText;
use crate::{text_scores::text_scores, training::Evaluation};

/// The probabilities of labels for texts whose labels are known.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScores {
    /// Of each text, the probability of every label.
    pub probabilities: Vec<Vec<f64>>,
    /// Mean of `-log p(label)`, nats.
    pub loss: f64,
    /// Part of the texts whose likeliest label is theirs.
    pub accuracy: f64,
    /// Harmonic mean of precision and recall of the second label, where there are two; 0 if it is never right.
    pub f1: Option<f64>,
    /// Of each text, whether its likeliest label is its own.
    pub right: Vec<bool>,
    /// The accuracy of always saying the commonest label of these texts.
    pub majority: f64,
}

/// The probabilities of labels from their scores.
pub fn probabilities(scores: &[f32]) -> Vec<f64> {
    let greatest = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let parts: Vec<f64> = scores.iter().map(|&score| (f64::from(score) - greatest).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

/// `-log p(label)`, which is finite where a probability is too small to be told from 0.
fn nats(scores: &[f32], label: usize) -> f64 {
    let greatest = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = scores.iter().map(|&score| (f64::from(score) - greatest).exp()).sum();
    greatest + sum.ln() - f64::from(scores[label])
}

/// Scores texts; none if there are none. About `batch_tokens` tokens go through the model at once.
pub fn score_labels<B: Backend>(
    model: &SequenceClassifier<B>,
    texts: &[EncodedText],
    batch_tokens: usize,
) -> Option<LabelScores> {
    if texts.is_empty() {
        return None;
    }
    let n = texts.len() as f64;
    let ids: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
    let scores = text_scores(model, &ids, batch_tokens);
    let probabilities: Vec<Vec<f64>> = scores.iter().map(|scores| probabilities(scores)).collect();
    let said: Vec<usize> = probabilities.iter().map(|probabilities| likeliest(probabilities)).collect();
    let right: Vec<bool> = said.iter().zip(texts).map(|(&said, text)| said == text.label).collect();
    let loss = scores.iter().zip(texts).map(|(scores, text)| nats(scores, text.label)).sum::<f64>() / n;
    let mut counts = vec![0usize; model.n_labels()];
    texts.iter().for_each(|text| counts[text.label] += 1);
    let two = model.n_labels() == 2;
    Some(LabelScores {
        loss,
        accuracy: right.iter().filter(|&&right| right).count() as f64 / n,
        f1: two.then(|| f1(&said, texts)),
        majority: counts.into_iter().max().unwrap_or(0) as f64 / n,
        probabilities,
        right,
    })
}

impl LabelScores {
    /// As an evaluation of a training run.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            accuracy: Some(self.accuracy),
            f1: self.f1,
            ..Evaluation::of_loss(self.loss, self.right.len())
        }
    }
}

/// Of equals the first.
fn likeliest(probabilities: &[f64]) -> usize {
    let greatest = probabilities.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    probabilities.iter().position(|&p| p == greatest).unwrap_or(0)
}

/// `2 * both / (said + are)` for the label 1.
fn f1(said: &[usize], texts: &[EncodedText]) -> f64 {
    let count = |of: &dyn Fn(usize, usize) -> bool| {
        said.iter().zip(texts).filter(|&(&said, text)| of(said, text.label)).count() as f64
    };
    let sum = count(&|said, _| said == 1) + count(&|_, is| is == 1);
    if sum == 0.0 { 0.0 } else { 2.0 * count(&|said, is| said == 1 && is == 1) / sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_next_to_impossible_has_a_finite_loss() {
        assert_eq!(nats(&[2000.0, 0.0], 1), 2000.0);
        assert!((nats(&[1.0, 1.0], 0) - 2.0_f64.ln()).abs() < 1e-12);
    }

    #[track_caller]
    fn check(said: &[usize], are: &[usize], expected: f64) {
        let texts: Vec<EncodedText> = are.iter().map(|&label| EncodedText { ids: vec![1], label }).collect();
        assert!((f1(said, &texts) - expected).abs() < 1e-12);
    }

    #[test]
    fn f1_is_of_precision_and_recall() {
        // Precision 2/3, recall 2/4.
        check(&[1, 1, 1, 0, 0, 0], &[1, 1, 0, 1, 1, 0], 4.0 / 7.0);
        check(&[0, 0], &[0, 0], 0.0);
        check(&[1, 0], &[1, 0], 1.0);
    }

    #[test]
    fn probabilities_add_up_however_large_scores_are() {
        assert_eq!(probabilities(&[1000.0, 1000.0]), [0.5, 0.5]);
        let found = probabilities(&[0.0, 2.0f32.ln()]);
        assert!((found[1] - 2.0 / 3.0).abs() < 1e-6);
    }
}
