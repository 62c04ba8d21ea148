//! A model's templates for conversations: one, or several by their names.

use serde_json::{Value, json};

use crate::error::ModelError;

/// The name of the template that is taken where none is asked for.
pub(super) const DEFAULT: &str = "default";
/// Of that for conversations in which tools are offered.
const TOOL_USE: &str = "tool_use";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum ChatTemplates {
    #[default]
    None,
    One(String),
    /// Names and templates, in the file's order.
    Named(Vec<(String, String)>),
}

impl ChatTemplates {
    /// The field `chat_template` of a `tokenizer_config.json`.
    pub(super) fn from_json(value: &Value) -> Self {
        match value {
            Value::String(template) => Self::One(template.clone()),
            Value::Array(entries) => {
                let text = |entry: &Value, field: &str| entry[field].as_str().map(str::to_owned);
                let named =
                    entries.iter().filter_map(|entry| Some((text(entry, "name")?, text(entry, "template")?)));
                Self::Named(named.collect())
            }
            _ => Self::None,
        }
    }

    /// Several by their names; a single default one needs none.
    pub(super) fn named(mut named: Vec<(String, String)>) -> Self {
        match named.as_slice() {
            [] => Self::None,
            [(name, _)] if name == DEFAULT => {
                named.pop().map_or(Self::None, |(_, template)| Self::One(template))
            }
            _ => Self::Named(named),
        }
    }

    /// As it stands in a `tokenizer_config.json`.
    pub(super) fn to_json(&self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::One(template) => Some(template.as_str().into()),
            Self::Named(named) => Some(
                named.iter().map(|(name, template)| json!({ "name": name, "template": template })).collect(),
            ),
        }
    }

    pub(super) fn default(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::One(template) => Some(template),
            Self::Named(_) => self.get(DEFAULT),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let Self::Named(named) = self else { return None };
        named.iter().find(|(other, _)| other == name).map(|(_, template)| template.as_str())
    }

    /// The template for a conversation, in which tools are offered or not.
    pub(super) fn choose(&self, tools: bool) -> Result<&str, ModelError> {
        let for_tools = self.get(TOOL_USE).filter(|_| tools);
        for_tools.or_else(|| self.default()).ok_or_else(|| {
            let why = match self {
                Self::Named(named) if !named.is_empty() => {
                    let names: Vec<String> = named.iter().map(|(name, _)| format!("`{name}`")).collect();
                    format!(
                        "none of the model's templates is named `default` (there are {}); write the one that fits to \
                         chat_template.jinja in its folder",
                        names.join(", ")
                    )
                }
                _ => "the model has none: it was not trained on conversations, or its tokenizer_config.json or \
                      chat_template.jinja is missing"
                    .to_owned(),
            };
            ModelError::ChatTemplate { why }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: Value, tools: bool, expected: Result<&str, &str>) {
        let templates = ChatTemplates::from_json(&json);
        match (templates.choose(tools), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
        assert_eq!(templates.to_json(), Some(json).filter(|json| !json.is_null()));
    }

    #[test]
    fn templates_are_chosen_as_in_transformers() {
        let [default, tool_use] =
            [json!({ "name": "default", "template": "d" }), json!({ "name": "tool_use", "template": "t" })];
        check(json!("x"), true, Ok("x"));
        check(json!([default, tool_use]), false, Ok("d"));
        check(json!([default, tool_use]), true, Ok("t"));
        check(json!([default]), true, Ok("d"));
        check(json!([tool_use]), true, Ok("t"));
        check(
            json!([tool_use, { "name": "rag", "template": "r" }]),
            false,
            Err("there are `tool_use`, `rag`"),
        );
        check(json!([]), false, Err("the model has none"));
        check(Value::Null, false, Err("the model has none"));
    }
}
