//! Saving in the Hugging Face layout. Files are written beside their place and renamed: a killed save leaves
//! what was there before.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use burn::tensor::{Tensor, backend::Backend};
use safetensors::{Dtype, View};

use crate::{
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    lora::LoraConfig,
    sequence_classifier::{ClassifierConfig, SequenceClassifier},
    tokenizer::Tokenizer,
};

/// A tensor on the host, as the safetensors writer wants it.
struct HostTensor {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &HostTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes `config.json`, `generation_config.json`, `model.safetensors` and, where given, the tokenizer to
/// `folder`, which is made if needed. Weights are 32-bit floats.
///
/// # Errors
/// If the folder cannot be written, or the model holds LoRA updates (merge them first).
pub fn save_pretrained<B: Backend>(
    folder: &Path,
    model: &LanguageModel<B>,
    config: &ModelConfig,
    tokenizer: Option<&Tokenizer>,
) -> Result<(), ModelError> {
    save_weights(folder, model)?;
    write_json(&folder.join("config.json"), &config.to_hf_json())?;
    let generation = serde_json::json!({ "bos_token_id": config.bos(), "eos_token_id": config.eos() });
    write_json(&folder.join("generation_config.json"), &generation)?;
    write_tokenizer(folder, tokenizer)
}

fn write_tokenizer(folder: &Path, tokenizer: Option<&Tokenizer>) -> Result<(), ModelError> {
    let Some(tokenizer) = tokenizer else { return Ok(()) };
    tokenizer.save(folder.join("tokenizer.json"))?;
    write_json(&folder.join("tokenizer_config.json"), &tokenizer.tokenizer_config_json())
}

/// Writes a classifier as [`save_pretrained`] does a language model.
///
/// # Errors
/// As [`save_pretrained`].
pub fn save_classifier<B: Backend>(
    folder: &Path,
    model: &SequenceClassifier<B>,
    config: &ClassifierConfig,
    tokenizer: Option<&Tokenizer>,
) -> Result<(), ModelError> {
    refuse_lora(&model.body)?;
    make_folder(folder)?;
    write_tensors(&folder.join("model.safetensors"), model.tensors())?;
    write_json(&folder.join("config.json"), &config.to_hf_json())?;
    write_tokenizer(folder, tokenizer)
}

/// Writes `model.safetensors` alone.
///
/// # Errors
/// As [`save_pretrained`].
pub fn save_weights<B: Backend>(folder: &Path, model: &LanguageModel<B>) -> Result<(), ModelError> {
    refuse_lora(model)?;
    make_folder(folder)?;
    write_tensors(&folder.join("model.safetensors"), model.tensors())
}

/// Writes a model's LoRA updates as a PEFT adapter: `adapter_config.json`, `adapter_model.safetensors`.
///
/// # Errors
/// If the folder cannot be written.
pub fn save_adapter<B: Backend>(
    folder: &Path,
    model: &LanguageModel<B>,
    config: &LoraConfig,
    base_model: &str,
) -> Result<(), ModelError> {
    make_folder(folder)?;
    write_tensors(&folder.join("adapter_model.safetensors"), model.lora_tensors())?;
    write_json(&folder.join("adapter_config.json"), &config.to_peft_json(model, base_model))
}

/// Updates would be lost.
fn refuse_lora<B: Backend>(model: &LanguageModel<B>) -> Result<(), ModelError> {
    if model.has_lora() {
        let why = "the model holds LoRA updates; merge them, or save the adapter".into();
        return Err(ModelError::Config { path: None, field: "lora".into(), why });
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), ModelError> {
    fs::create_dir_all(folder).map_err(|source| ModelError::Write { path: folder.to_owned(), source })
}

fn write_tensors<B: Backend>(
    path: &Path,
    tensors: impl IntoIterator<Item = (String, Vec<usize>, Tensor<B, 1>)>,
) -> Result<(), ModelError> {
    let host: Vec<(String, HostTensor)> = tensors
        .into_iter()
        .map(|(name, shape, tensor)| {
            let values = tensor.into_data().convert::<f32>();
            (name, HostTensor { shape, bytes: values.as_bytes().to_vec() })
        })
        .collect();
    let metadata = std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]);
    replace(path, |partial| {
        let views = host.iter().map(|(name, tensor)| (name, tensor));
        safetensors::serialize_to_file(views, Some(metadata), partial).map_err(|error| ModelError::Write {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })
    })
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), ModelError> {
    let text = format!("{value:#}\n");
    replace(path, |partial| {
        fs::write(partial, text).map_err(|source| ModelError::Write { path: path.to_owned(), source })
    })
}

/// Lets `write` make a file beside `path`, then puts it in its place.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".partial");
    let partial: PathBuf = path.with_file_name(name);
    if let Err(error) = write(&partial) {
        // Half a file is of no use, and the disk may be full of it.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    let renamed =
        fs::File::open(&partial).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&partial, path));
    renamed.map_err(|source| ModelError::Write { path: path.to_owned(), source })
}
