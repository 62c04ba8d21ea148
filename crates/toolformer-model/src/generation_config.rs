//! `generation_config.json`: what a model's makers say about decoding.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{
    error::ModelError,
    families::ModelConfig,
    json_fields::{Fields, ids_json},
    regular_file::read_text_if_there,
};

const FILE: &str = "generation_config.json";

/// The fields of a `generation_config.json`. This crate decodes nothing: it reads the ids that end a text, and keeps
/// the rest (temperature, padding, ...) as it is for when the model is saved again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenerationConfig {
    fields: Map<String, Value>,
}

impl GenerationConfig {
    /// Reads a folder's file; without one there are no fields.
    ///
    /// # Errors
    /// If the file cannot be read, is no JSON object, or its ids are none.
    pub fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(FILE);
        match read_text_if_there(&path)? {
            Some(text) => Self::from_json(&text).map_err(|error| error.in_file(&path)),
            None => Ok(Self::default()),
        }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// If it is no JSON object, or its ids are none.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|source| ModelError::Json { what: FILE.to_owned(), source })?;
        let config = Self { fields };
        config.eos()?;
        Ok(config)
    }

    /// All fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The ids that end a text here; a model's config may name fewer.
    ///
    /// # Errors
    /// If the field holds something else.
    pub fn eos(&self) -> Result<Vec<u32>, ModelError> {
        Fields::new(&self.fields).ids("eos_token_id", None)
    }

    /// The file for a model with this config, whose ids serve where there are none here.
    pub(crate) fn to_json(&self, config: &ModelConfig) -> Value {
        let mut json =
            serde_json::json!({ "bos_token_id": config.bos(), "eos_token_id": ids_json(config.eos()) });
        for (field, value) in &self.fields {
            // An empty list says nothing, and transformers cannot read it.
            if !(field == "eos_token_id" && value.as_array().is_some_and(Vec::is_empty)) {
                json[field] = value.clone();
            }
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_such_file_is_an_error() {
        for text in ["", "[]", r#"{"eos_token_id": "x"}"#, r#"{"eos_token_id": [1, -2]}"#] {
            assert!(GenerationConfig::from_json(text).is_err(), "{text}");
        }
        assert_eq!(
            GenerationConfig::from_json(r#"{"eos_token_id": [1, 2]}"#).unwrap().eos().unwrap(),
            [1, 2]
        );
    }
}
