//! Why a tool cannot be added, and why a call gave no result.

use crate::{CallStatus, ToolError};

/// Why a tool cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is a tool of that name.
    #[error("there is already a tool called `{name}`; give one of the two another name")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Two of its parameters have the same name.
    #[error("the tool `{tool}` has two parameters called `{parameter}`; give one of them another name")]
    DuplicateParameter {
        /// The tool's name.
        tool: String,
        /// The parameters' name.
        parameter: String,
    },
    /// The name could not be found in a text.
    #[error(
        "`{name}` cannot be a tool's name; use ASCII letters, digits, `_` and dots, a letter or `_` first"
    )]
    InvalidName {
        /// The name.
        name: String,
    },
}

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No tool has that name.
    #[error("no tool is called `{name}`; {}", advice(.closest.as_deref(), .known))]
    UnknownTool {
        /// The name asked for.
        name: String,
        /// Every name there is, sorted.
        known: Vec<String>,
        /// The one that may have been meant.
        closest: Option<String>,
    },
    /// The tool gave no result.
    #[error("`{name}` gave no result")]
    Tool {
        /// The tool's name.
        name: String,
        /// Why.
        source: ToolError,
    },
}

fn advice(closest: Option<&str>, known: &[String]) -> String {
    match (closest, known) {
        (_, []) => "there are no tools; add one".to_owned(),
        (Some(closest), _) => format!("did you mean `{closest}`? Known tools: {}", known.join(", ")),
        (None, _) => format!("known tools: {}", known.join(", ")),
    }
}

impl CallError {
    /// The status of a call that ended so.
    pub fn status(&self) -> CallStatus {
        match self {
            Self::UnknownTool { .. } => CallStatus::UnknownTool,
            Self::Tool { source, .. } => match source {
                ToolError::BadArguments { .. } => CallStatus::BadArguments,
                ToolError::NoResult => CallStatus::NoResult,
                ToolError::TimedOut { .. } => CallStatus::TimedOut,
                ToolError::Failed { .. } | ToolError::Panicked { .. } => CallStatus::ToolError,
            },
        }
    }

    /// The reason alone, without the tool's name.
    pub fn reason(&self) -> String {
        match self {
            Self::UnknownTool { .. } => self.to_string(),
            Self::Tool { source, .. } => source.to_string(),
        }
    }
}
