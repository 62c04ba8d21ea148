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
    /// It has more tools than are taken.
    #[error("the MCP server `{server}` has more than {limit} tools; name those that are wanted by `only`")]
    TooManyTools {
        /// The server.
        server: String,
        /// So many are taken.
        limit: usize,
    },
    /// A tool's parameters are described at too great length.
    #[error(
        "the MCP server `{server}` describes the parameters of its tool `{tool}` by more than {limit} bytes; leave it \
         out by `only`"
    )]
    SchemaTooLong {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// So many bytes are taken.
        limit: usize,
    },
    /// It was started again several times and did not answer a call.
    #[error(
        "the MCP server `{server}` is not started again: it was {restarts} times in a row without answering a call \
         (last: {last}); try its command by hand, then connect to it anew"
    )]
    GivenUp {
        /// The server.
        server: String,
        /// So often it was started again.
        restarts: u32,
        /// Why its last run was over.
        last: String,
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
    /// The network's thread does not start.
    #[error(transparent)]
    Runtime(ToolError),
}

impl From<McpError> for ToolError {
    fn from(error: McpError) -> Self {
        Self::failed(error.to_string())
    }
}
