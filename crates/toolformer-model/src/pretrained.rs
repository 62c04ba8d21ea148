//! Opening a model from what people have: a Hugging Face folder or a GGUF file.

use std::path::Path;

use burn::tensor::backend::Backend;

use crate::{
    error::ModelError, gguf::GgufFile, llama::Llama, llama_config::LlamaConfig,
    safetensors_files::SafetensorsFolder, tokenizer::Tokenizer, weights::GgufLlama,
};

/// A model with its config and tokenizer.
#[derive(Debug)]
pub struct Pretrained<B: Backend> {
    /// The model.
    pub model: Llama<B>,
    /// Its config.
    pub config: LlamaConfig,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
}

impl<B: Backend> Pretrained<B> {
    /// Opens a folder with `config.json`, `tokenizer.json` and safetensors, or a `.gguf` file.
    ///
    /// Quantised tensors are dequantised to 32-bit floats.
    ///
    /// # Errors
    /// If files are missing, damaged, or of an architecture that is not supported.
    pub fn open(path: &Path, device: &B::Device) -> Result<Self, ModelError> {
        if is_gguf(path)? {
            let file = GgufFile::open(path)?;
            let config = LlamaConfig::from_gguf(&file)?;
            let tokenizer = Tokenizer::from_gguf(&file)?.with_ends(&config.eos);
            let model = Llama::from_weights(&config, &GgufLlama::new(&file, &config)?, device)?;
            return Ok(Self { model, config, tokenizer });
        }
        let (model, config) = Self::open_model(path, device)?;
        let tokenizer = Tokenizer::from_folder(path, config.bos, config.eos.first().copied())?;
        let tokenizer = tokenizer.with_ends(&config.eos);
        Ok(Self { model, config, tokenizer })
    }

    /// Opens the model of a folder that may have no tokenizer.
    ///
    /// # Errors
    /// As [`Pretrained::open`].
    pub fn open_model(folder: &Path, device: &B::Device) -> Result<(Llama<B>, LlamaConfig), ModelError> {
        let path = folder.join("config.json");
        let json =
            std::fs::read_to_string(&path).map_err(|source| ModelError::Io { path: path.clone(), source })?;
        let config = LlamaConfig::from_hf_json(&json).map_err(|error| error.in_file(&path))?;
        let weights = SafetensorsFolder::open(folder)?;
        Ok((Llama::from_weights(&config, &weights, device)?, config))
    }
}

/// Whether a path names a GGUF file rather than a folder.
fn is_gguf(path: &Path) -> Result<bool, ModelError> {
    let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => ModelError::NotFound {
            path: path.to_owned(),
            advice: "give a folder with config.json, tokenizer.json and safetensors, or a .gguf file".into(),
        },
        _ => ModelError::Io { path: path.to_owned(), source },
    })?;
    Ok(metadata.is_file())
}
