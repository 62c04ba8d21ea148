//! JSON with placeholders in its strings.

use serde_json::{Map, Value};

use crate::template::{Template, TemplateError};

/// A JSON value in whose strings `{name}` stands for an argument. A string that is a placeholder and nothing else
/// becomes the argument itself, with its type.
#[derive(Debug, Clone)]
pub(crate) enum JsonTemplate {
    Constant(Value),
    Text(Template),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl JsonTemplate {
    pub(crate) fn parse(value: &Value) -> Result<Self, TemplateError> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(text)?),
            Value::Array(list) => Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((key.clone(), Self::parse(value)?)));
                Self::Object(entries.collect::<Result<_, _>>()?)
            }
            constant => Self::Constant(constant.clone()),
        })
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Text(template) => template.names().collect(),
            Self::List(list) => list.iter().flat_map(Self::names).collect(),
            Self::Object(entries) => entries.iter().flat_map(|(_, value)| value.names()).collect(),
        }
    }

    /// With the arguments in it. An entry or element that is an argument which the call leaves out is left out.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> Value {
        self.filled(arguments).unwrap_or_default()
    }

    fn filled(&self, arguments: &Map<String, Value>) -> Option<Value> {
        Some(match self {
            Self::Constant(value) => value.clone(),
            Self::Text(template) => match template.lone_name() {
                Some(name) => arguments.get(name)?.clone(),
                None => Value::from(template.fill(arguments)),
            },
            Self::List(list) => list.iter().filter_map(|value| value.filled(arguments)).collect(),
            Self::Object(entries) => {
                let filled = |(key, value): &(String, Self)| Some((key.clone(), value.filled(arguments)?));
                Value::Object(entries.iter().filter_map(filled).collect())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_keep_their_type_and_cannot_break_out() {
        let body = json!({"q": "{q}", "text": "<{q}>", "n": ["{n}", "{none}", 1, null], "left": "{none}"});
        let arguments = json!({"q": "\",\"x\":\"{n}\n", "n": [1, 2]});
        let filled =
            JsonTemplate::parse(&body).map(|body| body.fill(arguments.as_object().unwrap_or(&Map::new())));
        let expected = json!({"q": "\",\"x\":\"{n}\n", "text": "<\",\"x\":\"{n}\n>", "n": [[1, 2], 1, null]});
        assert_eq!(filled, Ok(expected));
    }
}
