//! A closure as a tool.

use std::{fmt, time::Duration};

use crate::{ArgumentGrammar, Parameters, Tool, ToolError};

/// A tool made from a closure on raw text; [`TypedTool`](crate::TypedTool) is one on typed parameters.
///
/// ```
/// use toolformer_text::{FnTool, Tool};
/// let shout = FnTool::new("Shout", "the text in capitals", |args| Ok(args.to_uppercase()));
/// assert_eq!(shout.call("hello")?, "HELLO");
/// # Ok::<(), toolformer_text::ToolError>(())
/// ```
pub struct FnTool<F> {
    name: String,
    description: String,
    parameters: Parameters,
    grammar: Option<ArgumentGrammar>,
    timeout: Option<Duration>,
    fingerprint: String,
    pure: bool,
    function: F,
}

impl<F> FnTool<F>
where
    F: Fn(&str) -> Result<String, ToolError> + Send + Sync,
{
    /// A tool called `name` that runs `function`.
    pub fn new(name: impl Into<String>, description: impl Into<String>, function: F) -> Self {
        let (parameters, fingerprint) = (Parameters::text("text"), String::new());
        let (name, description) = (name.into(), description.into());
        Self {
            name,
            description,
            parameters,
            grammar: None,
            timeout: None,
            fingerprint,
            pure: false,
            function,
        }
    }

    /// Says what the text holds, for people and for prompts; the function gets the text as it is.
    #[must_use]
    pub fn with_parameters(self, parameters: Parameters) -> Self {
        Self { parameters, ..self }
    }

    /// Sets [`Tool::argument_grammar`].
    #[must_use]
    pub fn with_argument_grammar(self, grammar: ArgumentGrammar) -> Self {
        Self { grammar: Some(grammar), ..self }
    }

    /// Sets [`Tool::fingerprint`].
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: impl Into<String>) -> Self {
        Self { fingerprint: fingerprint.into(), ..self }
    }

    /// Gives every call at most `timeout`.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Says that the function only computes; see [`Tool::is_pure`].
    #[must_use]
    pub fn pure(self) -> Self {
        Self { pure: true, ..self }
    }
}

impl<F> fmt::Debug for FnTool<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnTool").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F> Tool for FnTool<F>
where
    F: Fn(&str) -> Result<String, ToolError> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        self.grammar.clone().unwrap_or_else(|| ArgumentGrammar::of(&self.parameters))
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn is_pure(&self) -> bool {
        self.pure
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        (self.function)(args)
    }
}
