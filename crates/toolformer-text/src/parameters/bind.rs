//! The arguments of a call, read as the parameters of a tool.

use serde_json::{Map, Number, Value};

use super::{Parameter, ParameterType, Parameters};
use crate::{
    ToolError,
    arguments::{Argument, literal, split_arguments, unquoted},
};

impl Parameters {
    /// The values that a call gives, by parameter; those left out are not in the map.
    ///
    /// Arguments come first by position, then by name (`days=3`). `None` and `null` leave an optional
    /// parameter out. Where the only parameter is a string, text that reads as several arguments is that
    /// string: models do not quote commas.
    ///
    /// # Errors
    /// [`ToolError::BadArguments`] that names the parameter: one is missing, given twice, unknown or of another
    /// type, or there are too many.
    pub fn bind(&self, args: &str) -> Result<Map<String, Value>, ToolError> {
        let mut bound = Map::new();
        let arguments = split_arguments(args);
        if let [Parameter { name, kind: ParameterType::String, .. }] = &self.list[..]
            && (arguments.len() > 1 || arguments.iter().any(|a| a.keyword.is_some_and(|k| k != name)))
        {
            bound.insert(name.clone(), Value::from(args.trim()));
            return Ok(bound);
        }
        let raw = self.list.iter().position(|parameter| parameter.kind == ParameterType::Raw);
        let mut keyword_seen = None;
        for (place, argument) in arguments.iter().enumerate() {
            if raw == Some(place) && keyword_seen.is_none() {
                let text = unquoted(&args[argument.span.start..]);
                bound.insert(self.list[place].name.clone(), Value::from(text));
                break;
            }
            let parameter = match argument.keyword {
                Some(name) => {
                    keyword_seen = Some(name);
                    self.named(name)?
                }
                None => match keyword_seen {
                    Some(name) => return Err(positional_after(name, argument)),
                    None => self.list.get(place).ok_or_else(|| self.too_many(arguments.len()))?,
                },
            };
            if bound.contains_key(&parameter.name) {
                return Err(bad(parameter, "is given twice; give it once"));
            }
            if let Some(value) = parameter.read(argument)? {
                bound.insert(parameter.name.clone(), value);
            }
        }
        match self.list.iter().find(|p| p.required && !bound.contains_key(&p.name)) {
            Some(missing) => Err(bad(missing, &format!("is missing; write ({self})"))),
            None => Ok(bound),
        }
    }

    fn named(&self, name: &str) -> Result<&Parameter, ToolError> {
        let nameable = |parameter: &&Parameter| parameter.kind != ParameterType::Raw;
        self.get(name).filter(nameable).ok_or_else(|| {
            ToolError::bad_arguments(format!(
                "there is no parameter `{name}`; write ({self}), and quote a text that holds `=`"
            ))
        })
    }

    fn too_many(&self, given: usize) -> ToolError {
        let reason = match self.list.len() {
            0 => "write none; there are no parameters".to_owned(),
            _ => format!("write ({self}), and quote a text that holds a comma"),
        };
        ToolError::bad_arguments(format!(
            "too many arguments ({given}, at most {}): {reason}",
            self.list.len()
        ))
    }
}

fn positional_after(name: &str, argument: &Argument<'_>) -> ToolError {
    let value = shown(argument.value);
    ToolError::bad_arguments(format!("`{value}` has no name but stands after `{name}`; put it before"))
}

fn bad(parameter: &Parameter, what: &str) -> ToolError {
    ToolError::bad_arguments(format!("parameter `{}` {what}", parameter.name))
}

/// At most 40 characters of a value, for an error.
fn shown(value: &str) -> String {
    let mut chars = value.chars();
    let mut shown: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

impl Parameter {
    /// The value; `None` if the argument leaves the parameter out.
    fn read(&self, argument: &Argument<'_>) -> Result<Option<Value>, ToolError> {
        if !self.required && matches!(argument.value, "None" | "null") {
            return Ok(None);
        }
        match self.kind.read(argument.value) {
            Some(value) => Ok(Some(value)),
            None if argument.value.is_empty() => Err(bad(self, "is empty; give a value")),
            None => {
                let (kind, value) = (&self.kind, shown(argument.value));
                Err(bad(self, &format!("is of type {kind}, not `{value}`; write {}", kind.example())))
            }
        }
    }
}

impl ParameterType {
    /// The value that `text` writes, if it writes one of this type.
    fn read(&self, text: &str) -> Option<Value> {
        match self {
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::Number => number(text),
            Self::Boolean => match text {
                "true" | "True" => Some(Value::from(true)),
                "false" | "False" => Some(Value::from(false)),
                _ => None,
            },
            Self::String => (!text.is_empty()).then(|| string(text)),
            Self::List(item) => elements(text)?.iter().map(|element| item.read(element)).collect(),
            Self::Raw => Some(string(text)),
            Self::Any => Some(any(text, 0)).filter(|_| !text.is_empty()),
        }
    }

    fn example(&self) -> String {
        match self {
            Self::Integer => "digits, such as 42".to_owned(),
            Self::Number => "digits, such as 42 or 0.5".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::List(item) => format!("square brackets around each {item}, with commas between them"),
            Self::String | Self::Raw | Self::Any => "a text".to_owned(),
        }
    }
}

fn string(text: &str) -> Value {
    Value::from(unquoted(text))
}

/// `12`, `-1.5`, `.5`, `5.` and `1e3`, but not `inf` or `nan`.
fn number(text: &str) -> Option<Value> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Value::from(integer));
    }
    decimal(text).and_then(Number::from_f64).map(Value::Number)
}

/// A number written with digits; Rust would also read `inf` and `nan`.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| digits && number.is_finite())
}

/// The brackets around a list.
const LIST: [char; 2] = ['\u{5b}', '\u{5d}'];

/// What stands between the square brackets of a list.
fn elements(text: &str) -> Option<Vec<&str>> {
    let [open, close] = LIST;
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let arguments = split_arguments(inner);
    // An element is a value: its `=` is no keyword.
    Some(arguments.into_iter().map(|argument| &inner[argument.span]).collect())
}

/// Lists within lists are read so deep; what lies deeper is text.
const MAX_DEPTH: usize = 32;

fn any(text: &str, depth: usize) -> Value {
    match text {
        "True" => return Value::from(true),
        "False" => return Value::from(false),
        "None" => return Value::Null,
        _ => {}
    }
    if let Some(string) = literal(text) {
        return Value::from(string);
    }
    if let Some(value) = serde_json::from_str(text).ok().or_else(|| number(text)) {
        return value;
    }
    match elements(text) {
        Some(list) if depth < MAX_DEPTH => list.into_iter().map(|item| any(item, depth + 1)).collect(),
        _ => Value::from(text),
    }
}
