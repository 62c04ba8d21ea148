//! How a model is fine-tuned.

use anyhow::Result;
use clap::Args;
use toolformer::{
    model::LoraConfig,
    train::{Method, TrainingSettings},
};

use crate::{failure::wrong_usage, training_args::TrainingArgs};

#[derive(Debug, Args)]
#[command(next_help_heading = "Fine-tuning")]
pub(crate) struct FinetuneArgs {
    /// Train every weight instead of a LoRA adapter
    #[arg(long, conflicts_with_all = ["lora_rank", "lora_alpha"])]
    full: bool,
    /// Rank of the LoRA adapter
    #[arg(long, value_name = "R", default_value_t = 16)]
    lora_rank: usize,
    /// The adapter's updates are scaled by this over the rank [default: twice the rank]
    #[arg(long, value_name = "A")]
    lora_alpha: Option<f64>,
    /// Leave the results of calls out of the loss, and their `]`: at inference the program writes them, not the model. The
    /// paper trains on everything
    #[arg(long)]
    pub(crate) mask_responses: bool,
    #[command(flatten)]
    training: TrainingArgs,
}

impl FinetuneArgs {
    pub(crate) fn settings(&self, seed: u64) -> Result<TrainingSettings> {
        let method = if self.full {
            Method::Full
        } else {
            let lora_alpha = self.lora_alpha.unwrap_or(2.0 * self.lora_rank as f64);
            let lora = LoraConfig { r: self.lora_rank, lora_alpha, ..LoraConfig::default() };
            lora.validate().map_err(|error| wrong_usage(error.to_string()))?;
            Method::Lora(lora)
        };
        let usual =
            TrainingSettings { mask_responses: self.mask_responses, seed, ..TrainingSettings::of(method) };
        let settings = self.training.settings(usual);
        // Before any work is done on the way to it.
        settings.validate()?;
        Ok(settings)
    }
}
