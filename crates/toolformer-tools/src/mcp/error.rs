//! Why a server's tools cannot be had.

use std::time::Duration;

use toolformer_text::ToolError;

/// Why the tools of an MCP server cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum McpError {
    /// It does not start, or does not speak MCP.
    #[error("the MCP server `{server}` does not start: {reason}; try its command or address by hand")]
    NotStarted {
        /// The server.
        server: String,
        /// Why.
        reason: String,
    },
    /// It takes too long to start.
    #[error(
        "the MCP server `{server}` did not start and list its tools within {} s; try it by hand, or allow it more \
         time{said}",
        .limit.as_secs_f64()
    )]
    StartTimedOut {
        /// The server.
        server: String,
        /// The time that it had.
        limit: Duration,
        /// What it said on standard error, if anything.
        said: String,
    },
    /// It does not list its tools.
    #[error("the MCP server `{server}` does not list its tools: {reason}")]
    NotListed {
        /// The server.
        server: String,
        /// Why.
        reason: String,
    },
    /// It has no tool of a name that is wanted.
    #[error("the MCP server `{server}` has no tool `{name}`; it has {}", .known.join(", "))]
    UnknownTool {
        /// The server.
        server: String,
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// Two tools would be called alike.
    #[error(
        "{first} and {second} would both be called `{name}`; give one server a `prefix`, or leave one out by `only`"
    )]
    NameClash {
        /// The name in texts.
        name: String,
        /// One tool, and where it comes from.
        first: String,
        /// The other.
        second: String,
    },
    /// A server that a tools file declares cannot be had.
    #[error("{table}: {error}")]
    Declared {
        /// The file's table, `servers.NAME`.
        table: String,
        /// Why.
        error: Box<Self>,
    },
    /// The network's thread does not start.
    #[error(transparent)]
    Runtime(ToolError),
}

impl From<McpError> for ToolError {
    fn from(error: McpError) -> Self {
        Self::failed(error.to_string())
    }
}
