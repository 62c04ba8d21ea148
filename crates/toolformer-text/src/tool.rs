//! What a tool is.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ArgumentGrammar, Parameters, RateLimit};

/// A function from text to text that a language model may call by name.
pub trait Tool: Send + Sync {
    /// The name it is called by in text, see [`is_valid_name`](crate::is_valid_name).
    fn name(&self) -> &str;

    /// What it does, in one sentence, for people and for prompts.
    fn description(&self) -> &str;

    /// What it takes; if it does not say, one raw text.
    fn parameters(&self) -> Parameters {
        Parameters::text("text")
    }

    /// What its arguments look like, for decoding that lets a model write nothing else; if it does not say, what its
    /// [parameters](Tool::parameters) say: for one raw text, any text that says something.
    fn argument_grammar(&self) -> ArgumentGrammar {
        ArgumentGrammar::of(&self.parameters())
    }

    /// How long a call may take; if it does not say, as long as the [`Registry`](crate::Registry) lets it.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// How often it may be called; if it does not say, as often as anybody wants. It is asked once, when the tool is added
    /// to a [`Registry`](crate::Registry), which keeps to it; see [`RateLimited`](crate::RateLimited).
    fn rate_limit(&self) -> Option<RateLimit> {
        None
    }

    /// Whether the tool only computes: every call ends by itself and soon, and the same arguments (under the same
    /// [fingerprint](Tool::fingerprint)) always give the same, a failure too. Such a tool is called without the
    /// cost of a time limit, and a [`ResultCache`](crate::ResultCache) does not try its failures again.
    fn is_pure(&self) -> bool {
        false
    }

    /// What its results depend on besides the arguments, for example a calendar's day or an index's checksum:
    /// a [`ResultCache`](crate::ResultCache) keeps results apart by it.
    fn fingerprint(&self) -> String {
        String::new()
    }

    /// Runs it on the text between the parentheses, trimmed.
    ///
    /// # Errors
    /// If it cannot make sense of `args`, fails, or has nothing to say.
    fn call(&self, args: &str) -> Result<String, ToolError>;
}

/// Why a tool gave no result.
///
/// Serialises as an object whose `kind` is the variant: `{"kind":"failed","reason":".."}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolError {
    /// The tool cannot make sense of its arguments.
    #[error("bad arguments: {reason}")]
    BadArguments {
        /// What is wrong and how to write them.
        reason: String,
    },
    /// The arguments are fine but the tool failed.
    #[error("{reason}")]
    Failed {
        /// What went wrong and what to do.
        reason: String,
    },
    /// The tool ran and found nothing.
    #[error("the tool found no result; try other arguments")]
    NoResult,
    /// The tool did not answer in time.
    #[error("the tool did not answer within {} s; try again, or allow it more time", .limit.as_secs_f64())]
    TimedOut {
        /// The time that it had.
        limit: Duration,
    },
    /// The tool panicked: a defect of the tool.
    #[error("the tool panicked: {message}; this is a defect of the tool, please report it to its author")]
    Panicked {
        /// The panic's message.
        message: String,
    },
}

impl ToolError {
    /// [`ToolError::BadArguments`].
    pub fn bad_arguments(reason: impl Into<String>) -> Self {
        Self::BadArguments { reason: reason.into() }
    }

    /// Whether the same call may do better another time.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::BadArguments { .. } | Self::NoResult => false,
            Self::Failed { .. } | Self::TimedOut { .. } | Self::Panicked { .. } => true,
        }
    }

    /// [`ToolError::Failed`].
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }
}

impl<T: Tool + ?Sized> Tool for Box<T> {
    fn is_pure(&self) -> bool {
        (**self).is_pure()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn description(&self) -> &str {
        (**self).description()
    }

    fn parameters(&self) -> Parameters {
        (**self).parameters()
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        (**self).argument_grammar()
    }

    fn timeout(&self) -> Option<Duration> {
        (**self).timeout()
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        (**self).rate_limit()
    }

    fn fingerprint(&self) -> String {
        (**self).fingerprint()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        (**self).call(args)
    }
}

impl<T: Tool + ?Sized> Tool for Arc<T> {
    fn is_pure(&self) -> bool {
        (**self).is_pure()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn description(&self) -> &str {
        (**self).description()
    }

    fn parameters(&self) -> Parameters {
        (**self).parameters()
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        (**self).argument_grammar()
    }

    fn timeout(&self) -> Option<Duration> {
        (**self).timeout()
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        (**self).rate_limit()
    }

    fn fingerprint(&self) -> String {
        (**self).fingerprint()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        (**self).call(args)
    }
}
