//! Texts with placeholders: `weather in {city}`.

use std::fmt;

use serde_json::{Map, Value};

/// A text in which `{name}` stands for an argument, and `{{` and `}}` for single braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it is.
    Text(String),
    /// The argument of that name.
    Value(String),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A brace has no partner.
    #[error("a `{brace}` has no partner; write `{brace}{brace}` for a brace that is text")]
    Unbalanced {
        /// The brace.
        brace: char,
    },
    /// What stands between braces is no name.
    #[error(
        "`{{{name}}}` is no placeholder; write ASCII letters, digits and `_` between the braces, or `{{{{` and \
         `}}}}` for braces that are text"
    )]
    InvalidName {
        /// What stands there.
        name: String,
    },
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, braces) = rest.split_at(place);
            literal.push_str(before);
            if let Some(after) = braces.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = braces.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inner) = braces.strip_prefix('{') {
                let (name, after) = inner.split_once('}').ok_or(TemplateError::Unbalanced { brace: '{' })?;
                if !is_parameter_name(name) {
                    return Err(TemplateError::InvalidName { name: name.to_owned() });
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Value(name.to_owned()));
                rest = after;
            } else {
                return Err(TemplateError::Unbalanced { brace: '}' });
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self { pieces })
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The names of its placeholders, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The placeholder, if that is all there is.
    #[cfg(feature = "http")]
    pub(crate) fn lone_name(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Value(name)] => Some(name),
            _ => None,
        }
    }

    /// The text, if there is no placeholder.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &self.pieces[..] {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with the arguments in it; what a call leaves out is empty.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(name) => arguments.get(name).map(value_text).unwrap_or_default(),
        });
        filled.collect()
    }
}

/// As it is written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Piece::Value(name) => write!(f, "{{{name}}}"),
        })
    }
}

/// Whether a parameter may be called so.
pub(crate) fn is_parameter_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An argument as text: a string as it is, anything else as JSON.
pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_shown_as_they_are_written() {
        for text in ["", "plain", "{a}", "{{a}} {a}{b}}}"] {
            assert_eq!(Template::parse(text).map(|template| template.to_string()), Ok(text.to_owned()));
        }
    }

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let arguments = json!({"a": "x y", "n": -3, "list": [1, "b"], "braces": "{a}"});
        let template =
            Template::parse(template).map(|t| t.fill(arguments.as_object().unwrap_or(&Map::new())));
        assert_eq!(template.unwrap_or_else(|error| error.to_string()), expected);
    }

    #[test]
    fn placeholders_are_filled_once() {
        check("", "");
        check("plain", "plain");
        check("{a}", "x y");
        check("<{a}{n}>", "<x y-3>");
        check("{list}", r#"[1,"b"]"#);
        check("{left_out}", "");
        check("{braces}", "{a}");
        check("{{a}} {{{a}}}", "{a} {x y}");
    }

    #[test]
    fn lone_braces_and_strange_names_are_errors() {
        check("{a", "a `{` has no partner; write `{{` for a brace that is text");
        check("a}", "a `}` has no partner; write `}}` for a brace that is text");
        check(
            "{a b}",
            "`{a b}` is no placeholder; write ASCII letters, digits and `_` between the braces, or `{{` and `}}` for \
             braces that are text",
        );
    }
}
