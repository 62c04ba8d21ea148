//! A tool's parameters, from a schema that a stranger wrote.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use toolformer_text::Parameters;

use toolformer_text::is_shown;

use crate::one_line::{one_line, said};

/// A longer name of a parameter is cut, characters.
const MAX_NAME_CHARS: usize = 64;

/// What a tool takes, fit to be called and to be shown.
pub(super) struct CleanParameters {
    pub(super) parameters: Parameters,
    /// The server's names of those that have another one here.
    originals: BTreeMap<String, String>,
}

impl CleanParameters {
    /// The parameters of a schema. Names are made such that a call can give them (`file-path` becomes `file_path`), texts
    /// such that they can be shown.
    pub(super) fn new(schema: &Map<String, Value>) -> Self {
        let mut originals = BTreeMap::new();
        let mut clean = Map::new();
        for (key, value) in schema {
            if key == "properties"
                && let Value::Object(properties) = value
            {
                let mut renamed = Map::new();
                for (original, property) in properties {
                    let is_free = |name: &str| !renamed.contains_key(name) && !properties.contains_key(name);
                    let name = callable_name(original, is_free);
                    if name != *original {
                        originals.insert(name.clone(), original.clone());
                    }
                    renamed.insert(name, clean_value(property));
                }
                clean.insert(key.clone(), Value::Object(renamed));
            } else {
                clean.insert(clean_text(key), clean_value(value));
            }
        }
        if let Some(Value::Array(required)) = schema.get("required") {
            let name = |value: &Value| {
                let renamed = originals.iter().find(|(_, original)| value.as_str() == Some(original));
                renamed.map_or_else(|| clean_value(value), |(name, _)| Value::from(name.as_str()))
            };
            clean.insert("required".to_owned(), required.iter().map(name).collect());
        }
        Self { parameters: Parameters::from_json_schema(Value::Object(clean)), originals }
    }

    /// The arguments by the server's names.
    pub(super) fn restored(&self, arguments: Map<String, Value>) -> Map<String, Value> {
        let restored = arguments.into_iter().map(|(name, value)| match self.originals.get(&name) {
            Some(original) => (original.clone(), value),
            None => (name, value),
        });
        restored.collect()
    }
}

/// A name that a call can give: ASCII letters, digits and `_`, no digit first. One that is another's is numbered.
fn callable_name(original: &str, is_free: impl Fn(&str) -> bool) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = original.chars().take(MAX_NAME_CHARS).map(valid).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if name == original {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| is_free(name)).unwrap_or(name)
}

fn clean_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(clean_text(text)),
        Value::Array(list) => list.iter().map(clean_value).collect(),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                let value = match (key.as_str(), value) {
                    ("description" | "title", Value::String(text)) => Value::from(said(text)),
                    (_, value) => clean_value(value),
                };
                (clean_text(key), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// The text as it is, if it can be shown so: what is not prose may mean every blank.
fn clean_text(text: &str) -> String {
    if text.chars().all(is_shown) { text.to_owned() } else { one_line(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn clean(schema: Value) -> CleanParameters {
        CleanParameters::new(schema.as_object().unwrap_or(&Map::new()))
    }

    #[test]
    fn plain_schemas_are_kept() {
        let schema = json!({
            "type": "object",
            "properties": {"b": {"type": "integer", "enum": [1, 2]}, "a": {"const": "  x  y "}},
            "required": ["b"],
            "additionalProperties": false,
        });
        let kept = clean(schema.clone());
        assert_eq!(kept.parameters.json_schema(), schema);
        assert_eq!(kept.originals, BTreeMap::new());
    }

    #[test]
    fn names_can_be_given_by_a_call() {
        let names = ["file-path", "file_path", "file path", "2nd", "", "\u{1b}[31m", "größe"];
        let properties: Map<_, _> =
            names.map(|name| (name.to_owned(), json!({"type": "string"}))).into_iter().collect();
        let tool = clean(json!({"properties": properties, "required": names}));
        let signature: Vec<_> = tool.parameters.as_slice().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(signature, ["file_path_2", "file_path", "file_path_3", "_2nd", "_", "__31m", "gr__e"]);
        assert!(tool.parameters.as_slice().iter().all(|parameter| parameter.required));
        let bound = tool.parameters.bind("a, b, c, d, e, f, gr__e=g");
        let restored = bound.map(|bound| tool.restored(bound));
        let expected = names.iter().zip(["a", "b", "c", "d", "e", "f", "g"]);
        assert_eq!(restored, Ok(expected.map(|(name, value)| ((*name).to_owned(), json!(value))).collect()));
        let long = clean(json!({"properties": {"x".repeat(1000): {}}}));
        assert_eq!(long.parameters.as_slice()[0].name.len(), MAX_NAME_CHARS);
    }

    #[test]
    fn texts_can_be_shown() {
        let property = json!({
            "type": "array",
            "description": format!("a\n\u{1b}[31mb {}", "z".repeat(1000)),
            "items": {"title": " c\u{202e}d", "enum": ["e\u{9b}f", " g "]},
            "h\u{7f}i": 1,
        });
        let tool = clean(json!({"properties": {"p": property}}));
        let description = tool.parameters.as_slice()[0].description.clone().unwrap_or_default();
        assert!(description.starts_with("a [31mb zz") && description.chars().count() == 500, "{description}");
        let shown = tool.parameters.json_schema()["properties"]["p"].clone();
        assert_eq!(shown["items"], json!({"title": "c d", "enum": ["e f", " g "]}));
        assert_eq!(shown["h i"], json!(1));
    }
}
