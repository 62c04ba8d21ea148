//! The metadata of a GGUF file, under the keys of one architecture.

mod ends;
mod rope;
mod variants;

use crate::{config_checks::not_supported, error::ModelError, gguf::GgufFile};

pub(crate) use ends::{CONTROL, END_NAMES};

/// A view of the keys `ARCHITECTURE.*`.
pub(crate) struct GgufKeys<'a> {
    file: &'a GgufFile,
    architecture: &'a str,
}

impl<'a> GgufKeys<'a> {
    pub(crate) fn new(file: &'a GgufFile, architecture: &'a str) -> Self {
        Self { file, architecture }
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.file.has_key(&self.key(name))
    }

    pub(crate) fn size(&self, name: &str) -> Result<usize, ModelError> {
        self.file.get_u32(&self.key(name)).map(|n| n as usize)
    }

    pub(crate) fn size_or(&self, name: &str, default: usize) -> Result<usize, ModelError> {
        if self.has(name) { self.size(name) } else { Ok(default) }
    }

    pub(crate) fn float(&self, name: &str) -> Result<f64, ModelError> {
        self.file.get_f32(&self.key(name)).map(shortest)
    }

    pub(crate) fn float_or(&self, name: &str, default: f64) -> Result<f64, ModelError> {
        if self.has(name) { self.float(name) } else { Ok(default) }
    }

    /// Rows of the embedding, which files do not say elsewhere.
    pub(crate) fn vocab_size(&self) -> Result<usize, ModelError> {
        let missing = || ModelError::MissingTensors { names: vec!["token_embd.weight".to_owned()] };
        self.file.tensor("token_embd.weight").map(|tensor| tensor.shape[0]).ok_or_else(missing)
    }

    /// Width of a head, which must be one for keys, values and rotation.
    pub(crate) fn head_width(&self, d_model: usize, n_heads: usize) -> Result<usize, ModelError> {
        let d_head = self.size_or("attention.key_length", d_model / n_heads.max(1))?;
        for name in ["attention.value_length", "rope.dimension_count"] {
            if self.size_or(name, d_head)? != d_head {
                let key = self.key(name);
                return Err(not_supported(format!("`{key}` other than the width of a head")));
            }
        }
        Ok(d_head)
    }

    pub(crate) fn bos(&self) -> Result<Option<u32>, ModelError> {
        let bos = "tokenizer.ggml.bos_token_id";
        self.file.has_key(bos).then(|| self.file.get_u32(bos)).transpose()
    }
}

/// The double with the same shortest decimal form: GGUF stores 1e-5 as a float, and 1e-5 it shall be again.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
