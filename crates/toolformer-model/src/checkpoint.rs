//! The weights of a model, whichever of the known files hold them.

use std::{collections::BTreeMap, path::Path};

use crate::{
    error::ModelError,
    pytorch_files::{self, PytorchFiles},
    safetensors_files::{self, SafetensorsFolder},
    weights::WeightSource,
};

/// Ends of names of files that hold weights and nothing else, whose config lies beside them.
const PYTORCH_ENDS: [&str; 4] = ["bin", "pt", "pth", "ckpt"];
const SAFETENSORS_END: &str = "safetensors";

/// Opens the weights of a Hugging Face folder, in the order in which transformers looks for them:
/// `model.safetensors`, `model.safetensors.index.json` with its shards, `pytorch_model.bin`,
/// `pytorch_model.bin.index.json` with its shards; or of a single file, `.safetensors` or PyTorch's (`.bin`, `.pt`,
/// `.pth`, `.ckpt`).
///
/// # Errors
/// If there is none of them, or a file is damaged or missing.
pub fn open_weights(path: &Path) -> Result<Box<dyn WeightSource>, ModelError> {
    Ok(match Checkpoint::open(path)? {
        Checkpoint::Safetensors(files) => Box::new(files),
        Checkpoint::Pytorch(files) => Box::new(files),
    })
}

/// Open weights, and what they lie in.
pub(crate) enum Checkpoint {
    Safetensors(SafetensorsFolder),
    Pytorch(PytorchFiles),
}

impl Checkpoint {
    /// As [`open_weights`].
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let has = |names: [&str; 2]| names.into_iter().any(|name| path.join(name).exists());
        if is_weight_file(path) {
            let safetensors = path.extension().is_some_and(|end| end == SAFETENSORS_END);
            return Ok(match safetensors {
                true => Self::Safetensors(SafetensorsFolder::open_file(path)?),
                false => Self::Pytorch(PytorchFiles::open_file(path)?),
            });
        }
        if has([safetensors_files::WHOLE, safetensors_files::INDEX]) {
            return Ok(Self::Safetensors(SafetensorsFolder::open(path)?));
        }
        if has([pytorch_files::WHOLE, pytorch_files::INDEX]) {
            return Ok(Self::Pytorch(PytorchFiles::open(path)?));
        }
        let advice = format!(
            "give a folder with {}, with {}, or with {} or {} and the shards that it names",
            safetensors_files::WHOLE,
            pytorch_files::WHOLE,
            safetensors_files::INDEX,
            pytorch_files::INDEX,
        );
        Err(ModelError::NotFound { path: path.join(safetensors_files::WHOLE), advice })
    }

    /// The tensors.
    pub(crate) fn weights(&self) -> &dyn WeightSource {
        match self {
            Self::Safetensors(files) => files,
            Self::Pytorch(files) => files,
        }
    }

    /// How many numbers are stored in each format, such as `BF16`.
    pub(crate) fn number_formats(&self) -> BTreeMap<String, u64> {
        match self {
            Self::Safetensors(files) => files.number_formats(),
            Self::Pytorch(files) => files.number_formats(),
        }
    }

    /// Bytes of the files.
    pub(crate) fn file_bytes(&self) -> u64 {
        match self {
            Self::Safetensors(files) => files.file_bytes(),
            Self::Pytorch(files) => files.file_bytes(),
        }
    }
}

/// Whether a path names a file of weights alone, by the end of its name.
pub(crate) fn is_weight_file(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    (end == SAFETENSORS_END || PYTORCH_ENDS.contains(&end)) && path.is_file()
}
