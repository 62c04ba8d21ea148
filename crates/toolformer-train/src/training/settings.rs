//! Every knob of training.

use serde::{Deserialize, Serialize};
use toolformer_model::LoraConfig;

use super::{EarlyStopping, Schedule};
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

/// Which tensors decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecayedTensors {
    /// Those with two axes, embeddings among them; norms and biases do not (as toolformer-pytorch has it).
    #[default]
    Matrices,
    /// All.
    All,
}

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingSettings {
    /// What is trained.
    pub method: Method,
    /// Peak learning rate. Default: the paper's 1e-5 for all weights, and 2e-4 for LoRA (Dettmers et al., 2023); few examples
    /// make few steps and want more, see docs/training.md.
    pub learning_rate: f64,
    /// What the rate does after its warm-up. Default linear.
    pub schedule: Schedule,
    /// Part of the steps over which the rate rises from 0 (paper: 0.1).
    pub warmup: f64,
    /// Passes over the examples.
    pub epochs: usize,
    /// Most steps (paper: 2,000).
    pub max_steps: usize,
    /// Examples of a step (paper: 128); they go through the model in as many parts as it takes.
    pub batch: usize,
    /// Tokens that go through the model at once.
    pub micro_batch_tokens: usize,
    /// Longest example, in tokens; longer ones are cut (paper: 1,024).
    pub max_seq: usize,
    /// Decay of AdamW. Default 0.
    pub weight_decay: f64,
    /// Which tensors it is for.
    pub decayed: DecayedTensors,
    /// Decay of the first moment. Default 0.9 (Kingma and Ba, 2015).
    pub beta_1: f64,
    /// Decay of the second moment. Default 0.999 (Kingma and Ba, 2015).
    pub beta_2: f64,
    /// What keeps a step from dividing by nothing. Default 1e-8 (Kingma and Ba, 2015); burn's own is 1e-5.
    pub epsilon: f64,
    /// Greatest norm of a step's gradient, over all parameters together.
    pub clip_norm: f64,
    /// Steps between evaluations on the held-out examples, each with a checkpoint (paper: 500); 0 for once an epoch, and every 500 of longer ones.
    pub evaluate_every: usize,
    /// Ends the run when evaluations get no better. Default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Steps between further checkpoints; 0, the default, for those of the evaluations alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub checkpoint_every: usize,
    /// Newest checkpoints that are kept, beside the best. Default 1.
    pub keep_checkpoints: usize,
    /// Whether a run without a checkpoint to go on from is refused, instead of begun. Default no.
    #[serde(skip)]
    pub resume: bool,
    /// Whether what a block computed on the way is computed again instead of kept (Chen et al., 2016): a third more work, and
    /// memory for one block instead of all. Default off.
    pub gradient_checkpointing: bool,
    /// Copies of the model that share the examples of a step: on as many devices of the kind, where there are so many. Default 1.
    pub replicas: usize,
    /// Whether the results of calls are left out of the loss; see [`training_sequence`](crate::training_sequence). The paper
    /// trains on them like on everything else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mask_responses: bool,
    /// Whether the checkpoint with the lowest held-out loss is kept (as in the paper) or the last.
    pub keep_best: bool,
    /// Seed of the shuffles, of fresh adapters and of dropout.
    pub seed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(steps: &usize) -> bool {
    *steps == 0
}

impl Default for TrainingSettings {
    /// LoRA with the paper's batches.
    fn default() -> Self {
        Self::of(Method::Lora(LoraConfig::default()))
    }
}

impl TrainingSettings {
    /// The defaults for a method.
    pub fn of(method: Method) -> Self {
        let learning_rate = match method {
            Method::Full => 1e-5,
            Method::Lora(_) => 2e-4,
        };
        Self {
            method,
            learning_rate,
            schedule: Schedule::Linear,
            warmup: 0.1,
            epochs: 4,
            max_steps: 2000,
            batch: 128,
            micro_batch_tokens: 1024,
            max_seq: 1024,
            weight_decay: 0.0,
            decayed: DecayedTensors::Matrices,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            clip_norm: 1.0,
            evaluate_every: 0,
            early_stopping: None,
            checkpoint_every: 0,
            keep_checkpoints: 1,
            resume: false,
            gradient_checkpointing: false,
            replicas: 1,
            mask_responses: false,
            keep_best: true,
            seed: 0,
        }
    }

    /// Whether an adapter drops part of what it reads.
    pub(super) fn drops(&self) -> bool {
        matches!(&self.method, Method::Lora(lora) if lora.lora_dropout > 0.0)
    }

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
            Self { beta_1, .. } if !(0.0..1.0).contains(beta_1) => {
                wrong("beta_1", "must be at least 0 and below 1")
            }
            Self { beta_2, .. } if !(0.0..1.0).contains(beta_2) => {
                wrong("beta_2", "must be at least 0 and below 1")
            }
            Self { epsilon, .. } if !(epsilon.is_finite() && *epsilon > 0.0) => {
                wrong("epsilon", "must be above 0")
            }
            Self { replicas: 0, .. } => wrong("replicas", "must be at least 1"),
            Self { keep_checkpoints: 0, .. } => {
                wrong("keep_checkpoints", "must be at least 1, to go on from")
            }
            Self { early_stopping: Some(EarlyStopping { patience: 0, .. }), .. } => wrong(
                "early_stopping.patience",
                "a patience of 0 would stop at the first evaluation; give at least 1",
            ),
            Self { early_stopping: Some(EarlyStopping { min_delta, .. }), .. }
                if !(min_delta.is_finite() && *min_delta >= 0.0) =>
            {
                wrong("early_stopping.min_delta", "it must be at least 0")
            }
            _ => Ok(()),
        }
    }

    /// Learning rate of step `step` (from 0) of `steps`.
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        self.learning_rate * self.schedule.factor(self.warmup, step, steps)
    }
}
