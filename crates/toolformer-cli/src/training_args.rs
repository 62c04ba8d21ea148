//! How the training loop goes, whatever is trained.

use clap::{Args, ValueEnum};
use toolformer::train::{EarlyStopping, Schedule, TrainingSettings};

#[derive(Debug, Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct TrainingArgs {
    /// Peak learning rate [default: 2e-4 for LoRA, 1e-5 (the paper's) for all weights, 1e-3 from scratch]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// What the learning rate does after its warm-up
    #[arg(long, value_enum, default_value_t = ScheduleArg::Linear)]
    schedule: ScheduleArg,
    /// Part of the steps over which the learning rate rises from 0 (the paper's)
    #[arg(long, value_name = "PART", default_value_t = 0.1)]
    warmup: f64,
    /// Passes over the examples
    #[arg(long, value_name = "N", default_value_t = 4)]
    epochs: usize,
    /// Examples of a step (the paper's). With few examples, fewer: 4 and a learning rate of 1e-3 for some tens
    #[arg(long, value_name = "N", default_value_t = 128)]
    batch: usize,
    /// Most steps (the paper's)
    #[arg(long, value_name = "N", default_value_t = 2000)]
    max_steps: usize,
    /// Longest example, in tokens; longer ones are cut [default: the paper's 1024]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_seq: Option<usize>,
    /// Tokens that go through the model at once: less memory with fewer, the same step
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    micro_batch_tokens: usize,
    /// Compute again what a block computed on the way instead of keeping it: memory for one block instead of all, for a third
    /// more work
    #[arg(long)]
    gradient_checkpointing: bool,
    /// Weight decay of AdamW; norms and biases do not decay
    #[arg(long, value_name = "D", default_value_t = 0.0)]
    weight_decay: f64,
    /// Greatest norm of a step's gradient; inf for any
    #[arg(long, value_name = "NORM", default_value_t = 1.0)]
    clip_norm: f64,
    /// Steps between evaluations on what is held out, each with a checkpoint; 0 for once an epoch, but every 500 of longer ones
    #[arg(long, value_name = "STEPS", default_value_t = 0)]
    evaluate_every: usize,
    /// End the run after so many evaluations in a row that are no better than the best before them
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Steps between further checkpoints; 0 for those of the evaluations alone
    #[arg(long, value_name = "STEPS", default_value_t = 0)]
    checkpoint_every: usize,
    /// Refuse to begin anew: go on from the newest whole checkpoint, or fail. Without it a run goes on where there is a
    /// checkpoint, and begins where there is none
    #[arg(long)]
    resume: bool,
    /// Newest checkpoints that are kept, beside the best
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep_checkpoints: usize,
    /// Write event files for TensorBoard too, into tensorboard/
    #[arg(long)]
    pub(crate) tensorboard: bool,
    /// Copies of the model that share the examples of a step: on as many devices of the kind, where there are so many
    #[arg(long, value_name = "N", default_value_t = 1)]
    replicas: usize,
    /// Which weights are kept: those with the lowest held-out perplexity, or the last
    #[arg(long, value_enum, default_value_t = Keep::Best)]
    keep: Keep,
}

/// See [`Schedule`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScheduleArg {
    /// It stays
    Constant,
    /// It falls to 0 in equal steps
    Linear,
    /// It falls to 0 along half a cosine
    Cosine,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Keep {
    Best,
    Last,
}

impl TrainingArgs {
    /// The settings where `usual` is what a learning rate, a seed and all that has no flag are taken from.
    pub(crate) fn settings(&self, usual: TrainingSettings) -> TrainingSettings {
        TrainingSettings {
            learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
            schedule: match self.schedule {
                ScheduleArg::Constant => Schedule::Constant,
                ScheduleArg::Linear => Schedule::Linear,
                ScheduleArg::Cosine => Schedule::Cosine,
            },
            warmup: self.warmup,
            epochs: self.epochs,
            max_steps: self.max_steps,
            batch: self.batch,
            micro_batch_tokens: self.micro_batch_tokens,
            max_seq: self.max_seq.unwrap_or(usual.max_seq),
            weight_decay: self.weight_decay,
            clip_norm: self.clip_norm,
            evaluate_every: self.evaluate_every,
            early_stopping: self.patience.map(|patience| EarlyStopping { patience, min_delta: 0.0 }),
            checkpoint_every: self.checkpoint_every,
            resume: self.resume,
            keep_checkpoints: self.keep_checkpoints,
            gradient_checkpointing: self.gradient_checkpointing,
            replicas: self.replicas,
            keep_best: matches!(self.keep, Keep::Best),
            ..usual
        }
    }
}
