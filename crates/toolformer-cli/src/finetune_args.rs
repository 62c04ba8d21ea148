//! How a model is fine-tuned.

use anyhow::Result;
use clap::Args;
use toolformer::{
    model::{LoraConfig, TargetModules},
    train::{Method, TrainingSettings},
};

use crate::{failure::wrong_usage, training_args::TrainingArgs};

#[derive(Debug, Args)]
#[command(next_help_heading = "Fine-tuning")]
pub(crate) struct FinetuneArgs {
    /// Train every weight instead of a LoRA adapter
    #[arg(long, conflicts_with_all = ["lora_rank", "lora_alpha", "lora_dropout", "lora_targets", "modules_to_save", "rslora"])]
    full: bool,
    /// Rank of the LoRA adapter
    #[arg(long, value_name = "R", default_value_t = 16)]
    lora_rank: usize,
    /// The adapter's updates are scaled by this over the rank [default: twice the rank]
    #[arg(long, value_name = "A")]
    lora_alpha: Option<f64>,
    /// Part of what the adapter reads that is dropped in each step
    #[arg(long, value_name = "PART", default_value_t = 0.0)]
    lora_dropout: f64,
    /// The layers that get an update: `all`, names with commas between (q_proj,v_proj), or a regular expression that fits
    /// whole names
    #[arg(long, value_name = "NAMES", default_value = "all")]
    lora_targets: String,
    /// Scale the updates by alpha over the root of the rank (rsLoRA)
    #[arg(long)]
    rslora: bool,
    /// What is trained and saved as a whole beside the updates, such as lm_head or norm
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    modules_to_save: Vec<String>,
    /// Leave the results of calls out of the loss, and their `]`: at inference the program writes them, not the model. The
    /// paper trains on everything
    #[arg(long)]
    pub(crate) mask_responses: bool,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
}

impl FinetuneArgs {
    pub(crate) fn settings(&self, seed: u64) -> Result<TrainingSettings> {
        let method = if self.full {
            Method::Full
        } else {
            let lora_alpha = self.lora_alpha.unwrap_or(2.0 * self.lora_rank as f64);
            let lora = LoraConfig {
                r: self.lora_rank,
                lora_alpha,
                lora_dropout: self.lora_dropout,
                target_modules: targets(&self.lora_targets),
                use_rslora: self.rslora,
                modules_to_save: self.modules_to_save.clone(),
                ..LoraConfig::default()
            };
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

/// Names, or what no name is: a regular expression.
fn targets(text: &str) -> TargetModules {
    match text {
        "all" => TargetModules::default(),
        text if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_,.".contains(&byte)) => {
            TargetModules::Names(text.split(',').map(str::to_owned).collect())
        }
        pattern => TargetModules::Pattern(pattern.to_owned()),
    }
}
