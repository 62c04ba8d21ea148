//! What a step or an evaluation measured.

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// What a step or an evaluation measured: one line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Steps done.
    pub step: usize,
    /// Loss of the step's examples: nats a token, or an example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Norm of the gradient before clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// Learning rate of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Perplexity of the held-out texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// Loss of the held-out examples, where they are no texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held_out_loss: Option<f64>,
    /// Part of the held-out examples that are right.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accuracy: Option<f64>,
    /// Harmonic mean of precision and recall of the second of two labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub f1: Option<f64>,
    /// Mean distance between the scores of the better and the worse of held-out pairs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub margin: Option<f64>,
}

impl Metric {
    /// An evaluation of examples that are no texts.
    pub(crate) fn of_evaluation(step: usize, found: &Evaluation) -> Self {
        let &Evaluation { loss, accuracy, f1, margin, .. } = found;
        Self { step, held_out_loss: Some(loss), accuracy, f1, margin, ..Self::default() }
    }

    /// What an evaluation found, as a line for people.
    pub(super) fn evaluation_note(&self) -> String {
        let mut found = Vec::new();
        found.extend(self.perplexity.map(|value| format!("held-out perplexity {value:.3}")));
        found.extend(self.held_out_loss.map(|value| format!("held-out loss {value:.4}")));
        found.extend(self.accuracy.map(|value| format!("accuracy {:.1} %", 100.0 * value)));
        found.extend(self.f1.map(|value| format!("F1 {:.1} %", 100.0 * value)));
        found.extend(self.margin.map(|value| format!("mean margin {value:.3}")));
        format!("step {}: {}", self.step, found.join(", "))
    }
}
