//! `--model` and `--device`: which model, and where it runs.

use std::{path::PathBuf, time::Instant};

use anyhow::{Result, bail};
use clap::Args;
use toolformer::{
    burn::tensor::backend::Backend,
    device::{Device, OnDevice},
    model::{LanguageModel, ModelConfig, Precision, Pretrained, model_checksum},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// A folder (config.json, tokenizer.json, safetensors) or a .gguf file
    #[arg(long, value_name = "PATH")]
    pub(crate) model: PathBuf,
    /// Where the model runs; `toolformer devices` lists the names
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: Device,
    /// What the weights are held in: f32, f16, bf16, or int8 or int4 for loading a large model; training is in f32
    #[arg(long, value_name = "NAME", default_value = "f32")]
    pub(crate) precision: Precision,
}

impl ModelArgs {
    /// Does work on the device, if it works here.
    pub(crate) fn on_device<W: OnDevice>(&self, work: W) -> Result<W::Output> {
        self.device.check()?;
        Ok(self.device.run(work))
    }

    /// The model with its tokenizer.
    pub(crate) fn open<B: Backend>(&self, device: &B::Device) -> Result<Pretrained<B>> {
        self.refuse_hub_id()?;
        let start = Instant::now();
        let pretrained = Pretrained::open_in(&self.model, self.precision, device)?;
        tracing::info!(seconds = start.elapsed().as_secs_f32(), model = %self.model.display(), "opened");
        Ok(pretrained)
    }

    /// The model alone, for work on ids: a folder needs no tokenizer then.
    pub(crate) fn open_model<B: Backend>(
        &self,
        device: &B::Device,
    ) -> Result<(LanguageModel<B>, ModelConfig)> {
        self.refuse_hub_id()?;
        Ok(Pretrained::open_model_in(&self.model, self.precision, device)?)
    }

    /// The checksum of the model's files, and what else its numbers depend on where that is not the default.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let mut text = model_checksum(&self.model)?;
        if self.precision != Precision::default() {
            text.push_str(&format!(" in {}", self.precision));
        }
        if self.device.kind() != "cpu" {
            text.push_str(&format!(" on {}", self.device.kind()));
        }
        Ok(text)
    }

    /// What the model is called in files.
    pub(crate) fn name(&self) -> String {
        self.model.display().to_string()
    }

    fn refuse_hub_id(&self) -> Result<()> {
        let name = self.model.to_string_lossy();
        if !self.model.exists() && is_hub_id(&name) {
            bail!(
                "there is no {name} here, and as the hub id of a model it cannot be fetched: downloads come later; \
                 give the path of a folder with config.json, tokenizer.json and safetensors, or of a .gguf file"
            );
        }
        Ok(())
    }
}

/// `org/name`
fn is_hub_id(name: &str) -> bool {
    let is_part = |part: &str| {
        let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        plain && !part.is_empty() && !part.starts_with('.')
    };
    matches!(name.split('/').collect::<Vec<_>>()[..], [org, model] if is_part(org) && is_part(model))
        && !name.ends_with(".gguf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_ids_are_told_from_paths() {
        for id in ["HuggingFaceTB/SmolLM2-135M-Instruct", "a/b.c"] {
            assert!(is_hub_id(id), "{id}");
        }
        for path in ["model", "./model", "../model", "/a/b", "a/b/c", "a/model.gguf", "a/", "a b/c"] {
            assert!(!is_hub_id(path), "{path}");
        }
    }
}
