//! Parameters between a call's parentheses.

use crate::{
    arguments::{literal, split_arguments},
    parameters::decimal,
};

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// `1`, `-7`
    Int(i64),
    /// `1.5`, `.5`, `1e3`; also an integer that is too large for [`Param::Int`].
    Float(f64),
    /// `True`, `false`
    Bool(bool),
    /// `'text'`, `"text"`, or whatever else stands there.
    Str(String),
}

/// Reads one parameter. Never fails: what is nothing else is a string.
///
/// - A string in quotes comes without them, its escapes resolved as in [`split_arguments`].
/// - `True`, `true`, `False` and `false` are booleans.
/// - A number that no `f64` holds is left as text.
///
/// ```
/// use toolformer_text::lucidrains::{Param, parse_param};
/// assert_eq!(parse_param("'a, b'"), Param::Str("a, b".into()));
/// assert_eq!(parse_param(" .5 "), Param::Float(0.5));
/// assert_eq!(parse_param("27 + 4"), Param::Str("27 + 4".into()));
/// ```
pub fn parse_param(text: &str) -> Param {
    let text = text.trim();
    if let Some(quoted) = literal(text) {
        return Param::Str(quoted);
    }
    match text {
        "True" | "true" => return Param::Bool(true),
        "False" | "false" => return Param::Bool(false),
        _ => {}
    }
    if let Ok(int) = text.parse() {
        return Param::Int(int);
    }
    if let Some(float) = decimal(text) {
        return Param::Float(float);
    }
    Param::Str(text.to_owned())
}

/// The parameters of a call, as [`split_arguments`] cuts them; what is empty, as between two commas, is no
/// parameter, and a keyword with its value is a string, for there are no keywords.
///
/// ```
/// use toolformer_text::lucidrains::{Param, parse_params};
/// assert_eq!(parse_params("1, 'a, b',"), [Param::Int(1), Param::Str("a, b".into())]);
/// ```
pub fn parse_params(args: &str) -> Vec<Param> {
    let texts = split_arguments(args).into_iter().map(|argument| &args[argument.span]);
    texts.filter(|text| !text.is_empty()).map(parse_param).collect()
}
