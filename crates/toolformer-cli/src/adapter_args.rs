//! `--adapter`: a LoRA adapter on top of the model.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use toolformer::{
    burn::tensor::backend::Backend,
    model::{LanguageModel, load_adapter, model_checksum},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct AdapterArgs {
    /// A LoRA adapter for the model, in PEFT's layout: adapter_config.json and adapter_model.safetensors
    #[arg(long, value_name = "DIR")]
    pub(crate) adapter: Option<PathBuf>,
}

impl AdapterArgs {
    /// The model with the adapter folded in; on top of quantised weights, which it would undo, it stays apart.
    pub(crate) fn apply<B: Backend>(&self, mut model: LanguageModel<B>) -> Result<LanguageModel<B>> {
        let Some(folder) = &self.adapter else { return Ok(model) };
        load_adapter(&mut model, folder)?;
        Ok(if model.is_quantised() { model } else { model.merge_lora() })
    }

    /// What the adapter is, for files that must not be mixed with those of another; empty without one.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let Some(folder) = &self.adapter else { return Ok(String::new()) };
        let config = std::fs::read_to_string(folder.join("adapter_config.json")).unwrap_or_default();
        Ok(model_checksum(folder)? + &config)
    }
}
