//! An adapter to train on.

use std::path::{Path, PathBuf};

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Fine-tuning")]
pub(crate) struct FromAdapterArg {
    /// Train this adapter on, a folder in PEFT's layout, instead of a fresh one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["full", "lora_rank", "lora_alpha", "lora_dropout", "lora_targets", "modules_to_save", "rslora"])]
    from_adapter: Option<PathBuf>,
}

impl FromAdapterArg {
    /// The adapter's folder, if one was given.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.from_adapter.as_deref()
    }
}
