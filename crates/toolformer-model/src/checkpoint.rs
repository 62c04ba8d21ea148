//! The weights of a model, whichever of the known files hold them.

use std::path::Path;

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
    let has = |names: [&str; 2]| names.into_iter().any(|name| path.join(name).exists());
    if is_weight_file(path) {
        let safetensors = path.extension().is_some_and(|end| end == SAFETENSORS_END);
        return Ok(match safetensors {
            true => Box::new(SafetensorsFolder::open_file(path)?),
            false => Box::new(PytorchFiles::open_file(path)?),
        });
    }
    if has([safetensors_files::WHOLE, safetensors_files::INDEX]) {
        return Ok(Box::new(SafetensorsFolder::open(path)?));
    }
    if has([pytorch_files::WHOLE, pytorch_files::INDEX]) {
        return Ok(Box::new(PytorchFiles::open(path)?));
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

/// Whether a path names a file of weights alone, by the end of its name.
pub(crate) fn is_weight_file(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    (end == SAFETENSORS_END || PYTORCH_ENDS.contains(&end)) && path.is_file()
}
