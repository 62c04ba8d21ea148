//! The tokenizer of a model folder in the Hugging Face layout.

use std::path::Path;

use serde_json::Value;

use super::{SpecialIds, Tokenizer, from_vocab, saved::kept};
use crate::{error::ModelError, regular_file::read_text_if_there};

pub(super) fn read(folder: &Path, bos: Option<u32>, eos: Option<u32>) -> Result<Tokenizer, ModelError> {
    let tokenizer_config = optional_json(&folder.join("tokenizer_config.json"))?;
    let whole = folder.join("tokenizer.json");
    // What the older files say is looked for only where there is nothing newer.
    let parts = if whole.exists() { None } else { from_vocab::read(folder, &tokenizer_config)? };
    let bare = match parts {
        Some(json) => Tokenizer::from_json(json.to_string().as_bytes(), SpecialIds::default(), None)
            .map_err(|error| error.in_file(&folder.join("vocab.json")))?,
        None => Tokenizer::from_file(whole, SpecialIds::default())?,
    };
    let role = |token_field: &str, fallback: Option<u32>| match token(&tokenizer_config[token_field]) {
        Some(name) => match bare.token_to_id(name) {
            Some(id) => Ok(Some(id)),
            None => {
                let what = format!("`{token_field}` is `{name}`, which is not in the vocabulary; correct it");
                Err(ModelError::Tokenizer { what }.in_file(&folder.join("tokenizer_config.json")))
            }
        },
        None => Ok(fallback.filter(|&id| bare.id_to_token(id).is_some())),
    };
    let special = SpecialIds {
        bos: role("bos_token", bos)?,
        eos: role("eos_token", eos)?,
        unk: role("unk_token", None)?,
        pad: role("pad_token", None)?,
    };
    // Newer folders keep the template in a file of its own.
    let chat_template = match read_text_if_there(&folder.join("chat_template.jinja"))? {
        Some(template) => Some(template),
        None => tokenizer_config["chat_template"].as_str().map(str::to_owned),
    };
    Ok(Tokenizer { special, chat_template, kept: kept(&tokenizer_config), ..bare })
}

/// A token is given by its name, or by an object with its name as `content`.
pub(super) fn token(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

pub(super) fn optional_json(path: &Path) -> Result<Value, ModelError> {
    let Some(text) = read_text_if_there(path)? else { return Ok(Value::Null) };
    serde_json::from_str(&text)
        .map_err(|source| ModelError::Json { what: path.display().to_string(), source })
}
