//! The fields of a `config.json`, each read with its type checked.

use serde_json::{Map, Value};

use crate::{config_checks::wrong, error::ModelError};

/// The fields of a JSON object; null counts as missing.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of `config`.
    pub(crate) fn new(config: &'a Map<String, Value>) -> Self {
        Self(config)
    }

    /// Number of fields.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn get<T>(
        &self,
        field: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let value = self.0.get(field).filter(|value| !value.is_null());
        let bad = |value: &Value| wrong(field, format!("is {value}, must be {wanted}"));
        value.map(|value| read(value).ok_or_else(|| bad(value))).transpose()
    }

    /// Whether the field is there, and null.
    pub(crate) fn is_null(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(Value::is_null)
    }

    pub(crate) fn text(&self, field: &str) -> Result<Option<&'a str>, ModelError> {
        self.get(field, "a string", Value::as_str)
    }

    pub(crate) fn texts(&self, field: &str) -> Result<Option<Vec<&'a str>>, ModelError> {
        self.get(field, "a list of strings", |value| value.as_array()?.iter().map(Value::as_str).collect())
    }

    pub(crate) fn boolean(&self, field: &str) -> Result<Option<bool>, ModelError> {
        self.get(field, "true or false", Value::as_bool)
    }

    pub(crate) fn float(&self, field: &str) -> Result<Option<f64>, ModelError> {
        self.get(field, "a number", Value::as_f64)
    }

    pub(crate) fn floats(&self, field: &str) -> Result<Option<Vec<f64>>, ModelError> {
        self.get(field, "a list of numbers", |value| value.as_array()?.iter().map(Value::as_f64).collect())
    }

    pub(crate) fn object(&self, field: &str) -> Result<Option<Fields<'a>>, ModelError> {
        self.get(field, "an object", |value| value.as_object().map(Fields))
    }

    pub(crate) fn optional_size(&self, field: &str) -> Result<Option<usize>, ModelError> {
        self.get(field, "a whole number", |value| value.as_u64()?.try_into().ok())
    }

    pub(crate) fn size(&self, field: &str) -> Result<usize, ModelError> {
        self.optional_size(field)?.ok_or_else(|| wrong(field, "is missing".to_owned()))
    }

    pub(crate) fn size_or(&self, field: &str, default: usize) -> Result<usize, ModelError> {
        Ok(self.optional_size(field)?.unwrap_or(default))
    }

    /// A size with two names, of which transformers takes either.
    pub(crate) fn aliased_size(&self, names: [&str; 2], default: usize) -> Result<usize, ModelError> {
        let [name, alias] = names;
        match (self.optional_size(name)?, self.optional_size(alias)?) {
            (Some(size), Some(other)) if size != other => {
                Err(wrong(name, format!("is {size}, but {other} as `{alias}`; make them equal")))
            }
            (size, other) => Ok(size.or(other).unwrap_or(default)),
        }
    }

    /// One id, several, or none (null); a missing field is transformers' default.
    pub(crate) fn ids(&self, field: &str, default: Option<u32>) -> Result<Vec<u32>, ModelError> {
        if !self.0.contains_key(field) {
            return Ok(default.into_iter().collect());
        }
        let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let ids = self.get(field, "an id or a list of ids", |value| match value.as_array() {
            Some(several) => several.iter().map(id).collect(),
            None => id(value).map(|id| vec![id]),
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// Refuses every value but `plain` of a switch that would change what the model computes.
    pub(crate) fn refuse_unless(&self, field: &str, plain: bool) -> Result<(), ModelError> {
        match self.boolean(field)?.filter(|&value| value != plain) {
            None => Ok(()),
            Some(value) => Err(ModelError::NotSupported { what: format!("`{field}: {value}`") }),
        }
    }

    /// Refuses every activation but these; a missing field is the first of them.
    pub(crate) fn activation(&self, field: &str, known: &[&str]) -> Result<(), ModelError> {
        match self.text(field)?.filter(|name| !known.contains(name)) {
            None => Ok(()),
            Some(other) => {
                Err(ModelError::NotSupported { what: format!("the activation `{other}` (`{field}`)") })
            }
        }
    }
}

/// Ids as a `config.json` has them: null, one, or a list.
pub(crate) fn ids_json(ids: &[u32]) -> Value {
    match ids {
        [] => Value::Null,
        [one] => (*one).into(),
        several => several.into(),
    }
}
