//! What the arguments of a tool look like.

use crate::Parameters;

/// The texts that a tool takes between its parentheses, as a regular expression.
///
/// It serves decoding that lets a model write nothing but well-formed calls ([`CallGrammar`](crate::CallGrammar)).
/// What [`Tool::call`](crate::Tool::call) takes is the tool's own affair: a grammar should let through nothing that the
/// tool calls bad arguments, as far as a regular expression can say, and may leave out forms that nobody needs.
///
/// The expression is that of the crate `regex`, without look-around; it must match the arguments as a whole. What a
/// call may hold in any case stays as it is, and need not be said: parentheses are balanced, quotes are closed, and all
/// of it lies on one line.
///
/// ```
/// use toolformer_text::{ArgumentGrammar, Parameter, ParameterType, Parameters};
///
/// let sum = ArgumentGrammar::matching(r"[0-9]+(?: \+ [0-9]+)*");
/// assert_eq!(sum.pattern(), r"[0-9]+(?: \+ [0-9]+)*");
/// let days = Parameters::new([Parameter::new("days", ParameterType::Integer)]);
/// assert!(ArgumentGrammar::of(&days).pattern().contains("[0-9]"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentGrammar {
    pattern: String,
}

impl ArgumentGrammar {
    /// The texts that match `pattern` as a whole. Whether it is a regular expression is checked when a
    /// [`CallGrammar`](crate::CallGrammar) is made of it.
    pub fn matching(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into() }
    }

    /// Any text, none as well.
    pub fn anything() -> Self {
        Self::matching("(?s:.*)")
    }

    /// No text but spaces.
    pub fn nothing() -> Self {
        Self::matching("[ \t]*")
    }

    /// What [`Parameters::bind`] reads as these parameters. Arguments come by position, then by name in the order of
    /// the parameters; a text that holds commas, brackets or quotes stands in quotes, except where it is all there is.
    /// Of more than sixteen parameters, or of types that nest deeply, nothing is said but that a text stands there, if one
    /// is required.
    pub fn of(parameters: &Parameters) -> Self {
        Self::matching(parameters.pattern())
    }

    /// The regular expression.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}
