//! What a measurement on held-out examples found.

use serde::{Deserialize, Serialize};

/// What was measured on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean loss, in nats of a token or of an example: by it checkpoints are compared, and lower is better.
    pub loss: f64,
    /// What it was taken over: tokens, or examples.
    pub count: usize,
    /// Part of the examples that are right, where there is a right and a wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accuracy: Option<f64>,
    /// Harmonic mean of precision and recall of the second label, where there are two labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub f1: Option<f64>,
    /// Mean distance between the scores of the better and the worse of two, where pairs are compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub margin: Option<f64>,
}

impl Evaluation {
    /// A loss alone.
    pub fn of_loss(loss: f64, count: usize) -> Self {
        Self { loss, count, accuracy: None, f1: None, margin: None }
    }

    /// `exp` of the loss: the perplexity of a language model.
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }
}
