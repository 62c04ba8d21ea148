//! Opening a model from what people have: a Hugging Face folder or a GGUF file.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use burn::tensor::backend::Backend;

use crate::{
    checkpoint::{is_weight_file, open_weights},
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    generation_config::GenerationConfig,
    gguf::GgufFile,
    precision::Precision,
    regular_file::read_text,
    sequence_classifier::refuse_classifier,
    tokenizer::Tokenizer,
};

/// A model with its config and tokenizer.
#[derive(Debug)]
pub struct Pretrained<B: Backend> {
    /// The model.
    pub model: LanguageModel<B>,
    /// Its config.
    pub config: ModelConfig,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// What its makers say about decoding; empty for a GGUF file.
    pub generation: GenerationConfig,
}

impl<B: Backend> Pretrained<B> {
    /// Opens a folder with `config.json`, `tokenizer.json` and [weights](open_weights), a single file of weights with
    /// the other two beside it, or a `.gguf` file, in single precision; see [`Pretrained::open_in`].
    ///
    /// # Errors
    /// If files are missing, damaged, or of an architecture that is not supported.
    pub fn open(path: &Path, device: &B::Device) -> Result<Self, ModelError> {
        Self::open_in(path, Precision::F32, device)
    }

    /// Opens a model whose weights are to be held in `precision`, whatever the file holds them in.
    ///
    /// # Errors
    /// If files are missing, damaged, or of an architecture that is not supported, or the device does not have the
    /// precision.
    pub fn open_in(path: &Path, precision: Precision, device: &B::Device) -> Result<Self, ModelError> {
        let (model, config) = Self::open_model_in(path, precision, device)?;
        let (tokenizer, generation) = match model_folder(path)? {
            None => (Tokenizer::from_gguf(&GgufFile::open(path)?)?, GenerationConfig::default()),
            Some(folder) => (
                Tokenizer::from_folder(folder, config.bos(), config.eos().first().copied())?,
                GenerationConfig::from_folder(folder)?,
            ),
        };
        // Chat models often name the end of a turn in one of the two files only.
        let tokenizer = tokenizer.with_ends(&[config.eos(), &generation.eos()?].concat());
        Ok(Self { model, config, tokenizer, generation })
    }

    /// Opens the model alone, in single precision; a folder needs no tokenizer then.
    ///
    /// # Errors
    /// As [`Pretrained::open`].
    pub fn open_model(
        path: &Path,
        device: &B::Device,
    ) -> Result<(LanguageModel<B>, ModelConfig), ModelError> {
        Self::open_model_in(path, Precision::F32, device)
    }

    /// Opens the model alone.
    ///
    /// # Errors
    /// As [`Pretrained::open_in`].
    pub fn open_model_in(
        path: &Path,
        precision: Precision,
        device: &B::Device,
    ) -> Result<(LanguageModel<B>, ModelConfig), ModelError> {
        let Some(folder) = model_folder(path)? else {
            let file = GgufFile::open(path)?;
            let config = ModelConfig::from_gguf(&file)?;
            let weights = config.gguf_weights(&file)?;
            let model = LanguageModel::from_weights(&config, &weights, precision, device);
            return Ok((model.map_err(|error| about_weights(error, path))?, config));
        };
        let (config_path, text) = read_config_text(folder)?;
        let config = ModelConfig::from_hf_json(&text).map_err(|error| error.in_file(&config_path))?;
        let weights = open_weights(path)?;
        refuse_classifier(weights.as_ref()).map_err(|error| error.in_file(&config_path))?;
        let model = LanguageModel::from_weights(&config, weights.as_ref(), precision, device);
        Ok((model.map_err(|error| about_weights(error, path))?, config))
    }
}

/// Names the checkpoint in errors that are about it.
fn about_weights(error: ModelError, path: &Path) -> ModelError {
    match error {
        ModelError::Misfit { .. } | ModelError::Untied { .. } | ModelError::UnsupportedTensorType { .. } => {
            error.in_file(path)
        }
        other => other,
    }
}

/// The text of a folder's `config.json`, with its path.
pub(crate) fn read_config_text(folder: &Path) -> Result<(PathBuf, String), ModelError> {
    let path = folder.join("config.json");
    let text = read_text(&path, &advice(folder))?;
    Ok((path, text))
}

/// What to give instead of a folder without a config.
fn advice(folder: &Path) -> String {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
    let is_gguf = |name: &String| Path::new(name).extension().is_some_and(|end| end == "gguf");
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut files: Vec<String> = names.filter(is_gguf).map(|name| format!("`{name}`")).collect();
    files.sort();
    match files.as_slice() {
        [] => WHAT_TO_GIVE.to_owned(),
        [file] => format!("the folder holds {file}: give the path of that file"),
        files => format!("the folder holds {}: give the path of one of them", files.join(", ")),
    }
}

const WHAT_TO_GIVE: &str = "give a folder with config.json, tokenizer.json and weights (safetensors, or PyTorch's \
                            pytorch_model.bin), or a .gguf file";

/// The folder with a model's config and tokenizer; none for a GGUF file, which holds them itself.
pub(crate) fn model_folder(path: &Path) -> Result<Option<&Path>, ModelError> {
    if is_weight_file(path) {
        return Ok(path.parent());
    }
    let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => {
            ModelError::NotFound { path: path.to_owned(), advice: WHAT_TO_GIVE.to_owned() }
        }
        _ => ModelError::Io { path: path.to_owned(), source },
    })?;
    Ok(metadata.is_dir().then_some(path))
}
