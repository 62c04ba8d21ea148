//! A tokenizer as the files that Hugging Face's libraries read.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Tokenizer, wrap};
use crate::{error::ModelError, replace_file::replace};

impl Tokenizer {
    /// Writes a `tokenizer.json`, which Hugging Face's libraries read too; see
    /// [`Tokenizer::tokenizer_config_json`].
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let text = self.json(true)?;
        let path = path.as_ref();
        replace(path, |partial| {
            fs::write(partial, text).map_err(|source| ModelError::Write { path: path.to_owned(), source })
        })
    }

    /// Stands for all that ids depend on: the SHA-256 of what [`Tokenizer::save`] writes, and of the special tokens.
    ///
    /// # Errors
    /// If the tokenizer cannot be written.
    pub fn fingerprint(&self) -> Result<String, ModelError> {
        let hash = Sha256::new_with_prefix(self.json(false)?);
        Ok(format!("{:x}", hash.chain_update(format!("{:?} {:?}", self.bos(), self.eos())).finalize()))
    }

    fn json(&self, pretty: bool) -> Result<String, ModelError> {
        let mut whole = self.inner.clone();
        whole.with_post_processor(self.post_processor.clone());
        whole.to_string(pretty).map_err(wrap)
    }

    /// What `tokenizer_config.json` must hold beside a saved `tokenizer.json`.
    pub fn tokenizer_config_json(&self) -> Value {
        let mut config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": false,
        });
        let roles = [
            ("bos_token", self.bos()),
            ("eos_token", self.eos()),
            ("unk_token", self.unk()),
            ("pad_token", self.pad()),
        ];
        for (field, id) in roles {
            if let Some(token) = id.and_then(|id| self.id_to_token(id)) {
                config[field] = token.into();
            }
        }
        for (field, value) in &self.kept {
            config[field] = value.clone();
        }
        if let Some(templates) = self.chat_templates.to_json() {
            config["chat_template"] = templates;
        }
        config
    }
}

/// Fields of `tokenizer_config.json` that `tokenizer.json` does not say again and that this crate has no use for. The
/// class is not among them: what is saved is whole without one.
const KEPT: [&str; 12] = [
    "model_max_length",
    "model_input_names",
    "padding_side",
    "truncation_side",
    "split_special_tokens",
    "clean_up_tokenization_spaces",
    "additional_special_tokens",
    "extra_special_tokens",
    "cls_token",
    "sep_token",
    "mask_token",
    "response_schema",
];

/// What of a `tokenizer_config.json` is kept for the next one.
pub(super) fn kept(config: &Value) -> Map<String, Value> {
    let value = |field: &str| Some((field.to_owned(), config.get(field)?.clone()));
    KEPT.into_iter().filter_map(value).collect()
}
