//! A tokenizer as the files that Hugging Face's libraries read.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{Tokenizer, wrap};
use crate::{error::ModelError, save::replace};

impl Tokenizer {
    /// Writes a `tokenizer.json`, which Hugging Face's libraries read too; see
    /// [`Tokenizer::tokenizer_config_json`].
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let mut whole = self.inner.clone();
        whole.with_post_processor(self.post_processor.clone());
        let text = whole.to_string(true).map_err(wrap)?;
        let path = path.as_ref();
        replace(path, |partial| {
            fs::write(partial, text).map_err(|source| ModelError::Write { path: path.to_owned(), source })
        })
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
        if let Some(template) = self.chat_template() {
            config["chat_template"] = template.into();
        }
        config
    }
}
