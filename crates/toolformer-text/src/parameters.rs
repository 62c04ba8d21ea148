//! What a tool takes, and the arguments of a call read accordingly.

mod bind;
mod pattern;
mod schema;

use std::fmt;

#[cfg(feature = "lucidrains")]
pub(crate) use bind::decimal;

/// The parameters of a tool, in order.
///
/// ```
/// use toolformer_text::{Parameter, ParameterType, Parameters};
///
/// let parameters = Parameters::new([
///     Parameter::new("city", ParameterType::String).described("where"),
///     Parameter::new("days", ParameterType::Integer).optional(),
/// ]);
/// assert_eq!(parameters.to_string(), "city: string, days: integer = null");
/// let bound = parameters.bind("Paris, days=3")?;
/// assert_eq!(serde_json::Value::from(bound), serde_json::json!({"city": "Paris", "days": 3}));
/// # Ok::<(), toolformer_text::ToolError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    list: Vec<Parameter>,
    /// The schema that they were made from, if they were.
    schema: Option<serde_json::Value>,
}

/// One parameter of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The name by which it can be given: ASCII letters, digits and `_`.
    pub name: String,
    /// What it holds.
    pub kind: ParameterType,
    /// Whether a call must give it.
    pub required: bool,
    /// What it means, for people and for prompts.
    pub description: Option<String>,
}

/// What a parameter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterType {
    /// A whole number that fits 64 bits with a sign.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`, also `True` and `False`.
    Boolean,
    /// A string literal, or bare text up to the next comma.
    String,
    /// A list in square brackets, `[1, 2]`.
    List(Box<Self>),
    /// The rest of the arguments as they are written, commas and all; if they are one string literal as a
    /// whole, what it says. Only the last parameter can be raw, and it cannot be given by name.
    Raw,
    /// Anything: JSON where it is JSON, else a string.
    Any,
}

impl Parameters {
    /// These, in this order.
    pub fn new(list: impl IntoIterator<Item = Parameter>) -> Self {
        Self { list: list.into_iter().collect(), schema: None }
    }

    /// One raw text, the paper's way to call a tool.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new([Parameter::new(name, ParameterType::Raw)])
    }

    /// None at all.
    pub fn none() -> Self {
        Self::new([])
    }

    /// They, in order.
    pub fn as_slice(&self) -> &[Parameter] {
        &self.list
    }

    /// Describes the one of that name, if there is one.
    pub(crate) fn describe(&mut self, name: &str, description: String) {
        if let Some(parameter) = self.list.iter_mut().find(|parameter| parameter.name == name) {
            parameter.description = Some(description);
        }
    }

    /// The one of that name.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.list.iter().find(|parameter| parameter.name == name)
    }
}

/// As in a signature: `city: string, days: integer = null`.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Parameter { name, kind, required, .. }) in self.list.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let default = if *required { "" } else { " = null" };
            write!(f, "{comma}{name}: {kind}{default}")?;
        }
        Ok(())
    }
}

impl Parameter {
    /// A parameter that every call must give.
    pub fn new(name: impl Into<String>, kind: ParameterType) -> Self {
        Self { name: name.into(), kind, required: true, description: None }
    }

    /// A call may leave it out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// What it means.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer => f.write_str("integer"),
            Self::Number => f.write_str("number"),
            Self::Boolean => f.write_str("boolean"),
            Self::String => f.write_str("string"),
            Self::List(item) => write!(f, "list of {item}"),
            Self::Raw => f.write_str("text"),
            Self::Any => f.write_str("any"),
        }
    }
}
