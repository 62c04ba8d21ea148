//! Why a tools file cannot be used.

use std::{fmt, io, ops::Range, path::PathBuf};

use crate::{command_line::CommandLineError, template::TemplateError};

/// Why a tools file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolsFileError {
    /// The file cannot be read.
    #[error("{} cannot be read; check its name and permissions", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says something that cannot be.
    #[error("{place}{problem}")]
    Invalid {
        /// Where.
        place: Box<Place>,
        /// What, and what to do.
        problem: ToolsFileProblem,
    },
}

/// A place in a tools file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The table and key, as in `tools.Upper.argv`; empty if the file is no TOML.
    pub key: String,
    /// The text of the line.
    pub text: String,
    /// The characters of `text` that are meant.
    pub columns: Range<usize>,
}

/// What is wrong with a tools file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolsFileProblem {
    /// It is no TOML.
    #[error("not TOML: {message}")]
    Toml {
        /// What the parser says.
        message: String,
    },
    /// A key has no meaning here.
    #[error("this key is not known here; known are {}", .known.join(", "))]
    UnknownKey {
        /// Those that have one.
        known: Vec<String>,
    },
    /// A key is missing.
    #[error("`{key}` is missing; write {example}")]
    Missing {
        /// The key.
        key: String,
        /// How it is written.
        example: String,
    },
    /// A value has another type.
    #[error("this is {found}; write {expected}")]
    Type {
        /// What there is, with its article.
        found: String,
        /// What there must be.
        expected: String,
    },
    /// A value is not one of those possible.
    #[error("`{value}` is not possible; {advice}")]
    Value {
        /// The value.
        value: String,
        /// What is.
        advice: String,
    },
    /// No text could call a tool of that name.
    #[error(
        "`{name}` cannot be a tool's name; use ASCII letters, digits, `_` and dots, a letter or `_` first"
    )]
    ToolName {
        /// The name.
        name: String,
    },
    /// Two parameters have one name.
    #[error("there are two parameters `{name}`; give one another name")]
    TwoParameters {
        /// The name.
        name: String,
    },
    /// Something stands behind a text that takes all the rest.
    #[error(
        "`{name}` is a text, which takes all that is left, and must stand last; put it last, or make it a string"
    )]
    TextNotLast {
        /// The parameter.
        name: String,
    },
    /// A placeholder is no parameter.
    #[error("`{{{name}}}` is no parameter of the tool; its parameters are ({parameters})")]
    UnknownPlaceholder {
        /// The placeholder.
        name: String,
        /// The parameters.
        parameters: String,
    },
    /// A parameter has no use.
    #[error(
        "nothing uses the parameter `{name}`; write `{{{name}}}` where it belongs, or say what the tool takes: \
         `parameters = []` if nothing"
    )]
    UnusedParameter {
        /// The parameter.
        name: String,
    },
    /// A key does not go with another.
    #[error("this does not go with {other}; {advice}")]
    Conflict {
        /// The other.
        other: String,
        /// What to do.
        advice: String,
    },
    /// A text is no template.
    #[error(transparent)]
    Template(TemplateError),
    /// A command line cannot be.
    #[error(transparent)]
    CommandLine(CommandLineError),
    /// A URL cannot be used.
    #[error("{reason}")]
    Url {
        /// Why, and what to do.
        reason: String,
    },
    /// This program was built without what is asked for.
    #[error("this program is built without {what}; build it with the feature `{feature}`")]
    NotBuilt {
        /// What is asked for.
        what: String,
        /// The feature that brings it.
        feature: String,
    },
}

impl From<TemplateError> for ToolsFileProblem {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl From<CommandLineError> for ToolsFileProblem {
    fn from(error: CommandLineError) -> Self {
        Self::CommandLine(error)
    }
}

/// The line with the place underlined; what is wrong goes behind it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, key, text, columns } = self;
        let margin = " ".repeat(line.to_string().len());
        let indent = " ".repeat(columns.start);
        let carets = "^".repeat(columns.len().max(1));
        match key.as_str() {
            "" => writeln!(f, "line {line}")?,
            key => writeln!(f, "line {line}, `{key}`")?,
        }
        writeln!(f, "{line} | {text}")?;
        write!(f, "{margin} | {indent}{carets} ")
    }
}
