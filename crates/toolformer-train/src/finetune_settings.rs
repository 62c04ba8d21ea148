//! Every knob of fine-tuning.

use serde::{Deserialize, Serialize};
use toolformer_model::LoraConfig;

use crate::error::TrainError;

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every weight.
    Full,
    /// A LoRA adapter; the base stays as it is.
    Lora(LoraConfig),
}

/// How a model is fine-tuned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinetuneSettings {
    /// What is trained.
    pub method: Method,
    /// Peak learning rate (paper: 1e-5 for all weights). For LoRA 2e-4 is usual with thousands of examples (Dettmers
    /// et al., 2023); the default here is for tens, which give few steps: see docs/benchmarks.md.
    pub learning_rate: f64,
    /// Part of the steps over which the rate rises from 0 (paper: 0.1); from there it falls linearly to 0.
    pub warmup: f64,
    /// Passes over the examples.
    pub epochs: usize,
    /// Most steps (paper: 2,000).
    pub max_steps: usize,
    /// Sequences of a step (paper: 128).
    pub batch: usize,
    /// Tokens that go through the model at once; a step is computed in as many parts as it takes.
    pub micro_batch_tokens: usize,
    /// Longest sequence, in tokens; longer ones are cut (paper: 1,024).
    pub max_seq: usize,
    /// Decay of AdamW.
    pub weight_decay: f64,
    /// Greatest norm of a step's gradient, over all parameters together.
    pub clip_norm: f64,
    /// Steps between evaluations on the held-out texts, each with a checkpoint (paper: 500); 0 for once an epoch.
    pub evaluate_every: usize,
    /// Whether the results of calls are left out of the loss; see [`training_sequence`](crate::training_sequence). The paper
    /// trains on them like on everything else.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub mask_responses: bool,
    /// Whether the checkpoint with the lowest held-out perplexity is kept (as in the paper) or the last.
    pub keep_best: bool,
    /// Seed of the shuffles and of fresh adapters.
    pub seed: u64,
}

impl Default for FinetuneSettings {
    /// LoRA on some tens of examples.
    fn default() -> Self {
        Self {
            method: Method::Lora(LoraConfig::default()),
            learning_rate: 1e-3,
            warmup: 0.1,
            epochs: 4,
            max_steps: 2000,
            batch: 4,
            micro_batch_tokens: 512,
            max_seq: 1024,
            weight_decay: 0.0,
            clip_norm: 1.0,
            evaluate_every: 0,
            mask_responses: false,
            keep_best: true,
            seed: 0,
        }
    }
}

impl FinetuneSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let wrong = |name, why: &str| Err(TrainError::Setting { name, why: why.to_owned() });
        if let Method::Lora(config) = &self.method {
            config.validate()?;
        }
        match self {
            Self { learning_rate: rate, .. } if !(rate.is_finite() && *rate > 0.0) => {
                wrong("learning_rate", "must be above 0")
            }
            Self { warmup, .. } if !(0.0..=1.0).contains(warmup) => wrong("warmup", "is a part from 0 to 1"),
            Self { epochs: 0, .. } => wrong("epochs", "must be at least 1"),
            Self { max_steps: 0, .. } => wrong("max_steps", "must be at least 1"),
            Self { batch: 0, .. } => wrong("batch", "must be at least 1 sequence"),
            Self { max_seq: 0 | 1, .. } => wrong("max_seq", "must be at least 2 tokens"),
            Self { clip_norm, .. } if *clip_norm <= 0.0 || clip_norm.is_nan() => {
                wrong("clip_norm", "must be above 0 (inf for none)")
            }
            Self { weight_decay, .. } if !(0.0..1.0).contains(weight_decay) => {
                wrong("weight_decay", "must be at least 0 and below 1")
            }
            _ => Ok(()),
        }
    }

    /// Learning rate of step `step` (from 0) of `steps`.
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        let warmup = (self.warmup * steps as f64).ceil();
        let step = step as f64;
        let factor = if step < warmup {
            (step + 1.0) / warmup
        } else {
            (steps as f64 - step) / (steps as f64 - warmup).max(1.0)
        };
        self.learning_rate * factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls() {
        let settings = FinetuneSettings { learning_rate: 1.0, warmup: 0.2, ..Default::default() };
        let rates: Vec<f64> = (0..10).map(|step| settings.learning_rate_at(step, 10)).collect();
        assert_eq!(rates[..3], [0.5, 1.0, 1.0]);
        assert!(rates[2..].windows(2).all(|pair| pair[1] < pair[0]) && rates[9] > 0.0);
    }
}
