//! The tokenizer of a model folder in the Hugging Face layout.

use std::path::Path;

use serde_json::Value;

use super::{
    SpecialIds, Tokenizer,
    added_tokens::{DeclaredTokens, name},
    chat_templates::ChatTemplates,
    from_vocab,
    saved::kept,
};
use crate::{error::ModelError, regular_file::read_text_if_there};

pub(super) fn read(folder: &Path, bos: Option<u32>, eos: Option<u32>) -> Result<Tokenizer, ModelError> {
    let config_path = folder.join("tokenizer_config.json");
    let config = optional_json(&config_path)?;
    let declared = DeclaredTokens::read(folder, &config)?;
    let whole = folder.join("tokenizer.json");
    // What the older files say is looked for only where there is nothing newer.
    let older = if whole.exists() { None } else { from_vocab::read(folder, &config)? };
    let is_older = older.is_some();
    let mut bare = match older {
        Some(json) => Tokenizer::from_json(json.to_string().as_bytes(), SpecialIds::default())
            .map_err(|error| error.in_file(&folder.join("vocab.json")))?,
        None => Tokenizer::from_file(whole, SpecialIds::default())?,
    };
    // A text cannot begin or end with a token that the model never saw.
    for field in ["bos_token", "eos_token"] {
        if let Some(name) = declared.role(field).and_then(name)
            && bare.token_to_id(name).is_none()
            && !declared.lists(name)
        {
            let what = format!("`{field}` is `{name}`, which is not in the vocabulary; correct it");
            return Err(ModelError::Tokenizer { what }.in_file(&config_path));
        }
    }
    if is_older {
        from_vocab::complete(&mut bare, declared.clone(), &config)
    } else {
        declared.add_to(&mut bare)
    }
    .map_err(|error| error.in_file(&config_path))?;
    let role = |field: &str, fallback: Option<u32>| match declared.role(field).and_then(name) {
        Some(name) => bare.token_to_id(name),
        None => fallback.filter(|&id| bare.id_to_token(id).is_some()),
    };
    let special = SpecialIds {
        bos: role("bos_token", bos),
        eos: role("eos_token", eos),
        unk: role("unk_token", None),
        pad: role("pad_token", None),
    };
    // Newer folders keep the template in a file of its own.
    let chat_templates = match read_text_if_there(&folder.join("chat_template.jinja"))? {
        Some(template) => ChatTemplates::One(template),
        None => ChatTemplates::from_json(&config["chat_template"]),
    };
    Ok(Tokenizer { special, chat_templates, kept: kept(&config), ..bare })
}

pub(super) fn optional_json(path: &Path) -> Result<Value, ModelError> {
    let Some(text) = read_text_if_there(path)? else { return Ok(Value::Null) };
    serde_json::from_str(&text)
        .map_err(|source| ModelError::Json { what: path.display().to_string(), source })
}
