//! Saving in the Hugging Face layout. Files are written beside their place and renamed: a killed save leaves
//! what was there before.

use std::path::Path;

use burn::tensor::{Tensor, backend::Backend};
use serde_json::Value;

use crate::{
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    generation_config::GenerationConfig,
    leaf::Leaf,
    replace_file::write_json,
    sequence_classifier::{ClassifierConfig, SequenceClassifier},
    streamed_tensor::SaveFormat,
    tokenizer::Tokenizer,
    weights_writer::{write_tensors, write_weights},
};

/// How a model is saved.
#[derive(Clone, Debug)]
pub struct SaveOptions {
    /// How numbers are stored. Default 32-bit floats.
    pub format: SaveFormat,
    /// Above this many bytes, weights are cut into shards of at most so many each (a single larger tensor excepted).
    /// Default 50 GB, as transformers has it.
    pub max_shard_bytes: u64,
    /// What `generation_config.json` held where the model comes from; it is kept. Default nothing: only the ids that
    /// begin and end a text are written.
    pub generation: GenerationConfig,
}

impl Default for SaveOptions {
    fn default() -> Self {
        Self {
            format: SaveFormat::F32,
            max_shard_bytes: 50_000_000_000,
            generation: GenerationConfig::default(),
        }
    }
}

/// Writes `config.json`, `generation_config.json`, `model.safetensors` and, where given, the tokenizer to
/// `folder`, which is made if needed. Weights are 32-bit floats; [`save_pretrained_as`] has a choice.
///
/// # Errors
/// If the folder cannot be written, or the model holds LoRA updates (merge them first).
pub fn save_pretrained<B: Backend>(
    folder: &Path,
    model: &LanguageModel<B>,
    config: &ModelConfig,
    tokenizer: Option<&Tokenizer>,
) -> Result<(), ModelError> {
    save_pretrained_as(folder, model, config, tokenizer, &SaveOptions::default())
}

/// Writes a folder as [`save_pretrained`] does. Above the largest size of a shard the weights are
/// `model-00001-of-0000N.safetensors`, ..., and `model.safetensors.index.json`. Each tensor is copied to the host when
/// its turn comes. What an earlier save left there is replaced, whatever its shards were.
///
/// # Errors
/// As [`save_pretrained`], and if the chosen format cannot hold a number.
pub fn save_pretrained_as<B: Backend>(
    folder: &Path,
    model: &LanguageModel<B>,
    config: &ModelConfig,
    tokenizer: Option<&Tokenizer>,
    options: &SaveOptions,
) -> Result<(), ModelError> {
    refuse_lora(model)?;
    write_weights(folder, &model.family().leaves(), options.format, options.max_shard_bytes)?;
    write_config(folder, config.to_hf_json(), options)?;
    write_json(&folder.join("generation_config.json"), &options.generation.to_json(config))?;
    write_tokenizer(folder, tokenizer)
}

fn write_config(folder: &Path, mut json: Value, options: &SaveOptions) -> Result<(), ModelError> {
    json["torch_dtype"] = options.format.torch_name().into();
    write_json(&folder.join("config.json"), &json)
}

fn write_tokenizer(folder: &Path, tokenizer: Option<&Tokenizer>) -> Result<(), ModelError> {
    let Some(tokenizer) = tokenizer else { return Ok(()) };
    tokenizer.save(folder.join("tokenizer.json"))?;
    write_json(&folder.join("tokenizer_config.json"), &tokenizer.tokenizer_config_json())
}

/// Writes a classifier as [`save_pretrained_as`] does a language model; it has no `generation_config.json`.
///
/// # Errors
/// As [`save_pretrained_as`].
pub fn save_classifier<B: Backend>(
    folder: &Path,
    model: &SequenceClassifier<B>,
    config: &ClassifierConfig,
    tokenizer: Option<&Tokenizer>,
    options: &SaveOptions,
) -> Result<(), ModelError> {
    refuse_lora(&model.body)?;
    write_weights(folder, &model.leaves(), options.format, options.max_shard_bytes)?;
    write_config(folder, config.to_hf_json(), options)?;
    write_tokenizer(folder, tokenizer)
}

/// Writes the weights alone.
///
/// # Errors
/// As [`save_pretrained`].
pub fn save_weights<B: Backend>(folder: &Path, model: &LanguageModel<B>) -> Result<(), ModelError> {
    refuse_lora(model)?;
    let SaveOptions { format, max_shard_bytes, .. } = SaveOptions::default();
    write_weights(folder, &model.family().leaves(), format, max_shard_bytes)
}

/// Writes tensors to a safetensors file, in single precision: their names, their shapes, and their numbers row-major. Each
/// is copied to the host when its turn comes.
///
/// # Errors
/// If the file cannot be written.
pub fn save_tensors<B: Backend>(
    path: &Path,
    tensors: &[(String, Vec<usize>, Tensor<B, 1>)],
) -> Result<(), ModelError> {
    let leaves: Vec<&dyn Leaf<B>> = tensors.iter().map(|tensor| tensor as &dyn Leaf<B>).collect();
    write_tensors(path, &leaves)
}

/// Updates would be lost.
fn refuse_lora<B: Backend>(model: &LanguageModel<B>) -> Result<(), ModelError> {
    if model.has_lora() {
        let why = "the model holds LoRA updates; merge them, or save the adapter".into();
        return Err(ModelError::Config { path: None, field: "lora".into(), why });
    }
    Ok(())
}
