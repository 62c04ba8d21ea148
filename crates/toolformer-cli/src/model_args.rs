//! `--model` and `--device`: which model, and where it runs.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Instant,
};

use anyhow::Result;
use clap::Args;
use toolformer::{
    burn::tensor::backend::Backend,
    device::{Device, OnDevice},
    model::{
        ClassifierConfig, LanguageModel, ModelConfig, ModelError, Precision, Pretrained, SequenceClassifier,
        Tokenizer, model_checksum,
    },
};

use crate::model_path::model_path;

/// The weight that a language model lacks.
const HEAD: &str = "score.weight";

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// A folder (config.json, tokenizer.json, and safetensors or PyTorch weights), a .gguf file, or a hub id:
    /// ORG/NAME, ORG/NAME:Q4_K_M, ORG/NAME/FILE.gguf, with @REVISION at the end if need be
    #[arg(long, value_name = "PATH|ID")]
    pub(crate) model: PathBuf,
    /// Where the model runs; `toolformer devices` lists the names
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: Device,
    /// What the weights are held in: f32, f16, bf16, or int8 or int4 for loading a large model
    #[arg(long, value_name = "NAME", default_value = "f32")]
    pub(crate) precision: Precision,
    /// Where the model lies, once it is known.
    #[arg(skip)]
    pub(crate) found: OnceLock<PathBuf>,
}

impl ModelArgs {
    /// Does work on the device, if it works here.
    pub(crate) fn on_device<W: OnDevice>(&self, work: W) -> Result<W::Output> {
        self.device.check()?;
        Ok(self.device.run(work))
    }

    /// The model with its tokenizer.
    pub(crate) fn open<B: Backend>(&self, device: &B::Device) -> Result<Pretrained<B>> {
        let path = self.path()?;
        let start = Instant::now();
        let pretrained = Pretrained::open_in(path, self.precision, device)?;
        tracing::info!(seconds = start.elapsed().as_secs_f32(), model = %path.display(), "opened");
        Ok(pretrained)
    }

    /// The model alone, for work on ids: a folder needs no tokenizer then.
    pub(crate) fn open_model<B: Backend>(
        &self,
        device: &B::Device,
    ) -> Result<(LanguageModel<B>, ModelConfig)> {
        Ok(Pretrained::open_model_in(self.path()?, self.precision, device)?)
    }

    /// A classifier or reward model, which is a folder, with its config and tokenizer.
    pub(crate) fn open_classifier<B: Backend>(
        &self,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<B>, ClassifierConfig, Tokenizer)> {
        let folder = self.path()?;
        let opened = SequenceClassifier::open_in(folder, self.precision, device);
        let (model, config) = opened.map_err(|error| {
            let lacks_head = matches!(&error, ModelError::MissingTensors { names } if names.iter().any(|name| name == HEAD));
            let error = anyhow::Error::new(error);
            if !lacks_head && folder.is_dir() {
                return error;
            }
            error.context(format!(
                "{} is no reward model or classifier; those are folders that `reward train` and `classify train` write to OUT/model",
                folder.display()
            ))
        })?;
        let tokenizer =
            Tokenizer::from_folder(folder, config.body.bos(), config.body.eos().first().copied())?;
        Ok((model, config, tokenizer))
    }

    /// The checksum of the model's files, and what else its numbers depend on where that is not the default.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let mut text = model_checksum(self.path()?)?;
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

    /// Where the model lies. One with a hub id is pulled at the first call; later ones do not ask again, so that a run
    /// has one model.
    pub(crate) fn path(&self) -> Result<&Path> {
        if self.found.get().is_none() {
            // Nobody sets it meanwhile: the arguments are one thread's.
            let _ = self.found.set(model_path(&self.model)?);
        }
        Ok(self.found.get().unwrap_or(&self.model))
    }
}
