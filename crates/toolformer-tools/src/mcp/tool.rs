//! One of a server's tools.

use std::{fmt, sync::Arc, time::Duration};

use rmcp::model::CallToolRequestParams;
use serde_json::json;
use toolformer_text::{Parameters, RateLimit, Tool, ToolError};

use super::{answer, connection::Connection, listing::shown_name, schema::CleanParameters};
use crate::{command_tool::SLACK, fingerprint::fingerprint, one_line::said, runtime};

/// A tool of an [`McpServer`](crate::McpServer).
///
/// What the server says of it is made fit to be shown and put into prompts: descriptions are one line of at most 500
/// characters, and parameters have names that a call can give (`file-path` is called `file_path`).
pub struct McpTool {
    name: String,
    original_name: String,
    description: String,
    parameters: CleanParameters,
    is_repeatable: bool,
    fingerprint: String,
    connection: Arc<Connection>,
}

impl McpTool {
    pub(super) fn new(name: String, tool: &rmcp::model::Tool, connection: Arc<Connection>) -> Self {
        let description = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
        let parameters = CleanParameters::new(&tool.input_schema);
        let hints = tool.annotations.as_ref();
        let is_repeatable = hints
            .is_some_and(|hints| hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true));
        let fingerprint = fingerprint(&json!({
            "server": connection.server.declaration(),
            "tool": tool.name,
            "parameters": parameters.parameters.to_string(),
        }));
        Self {
            name,
            original_name: tool.name.to_string(),
            description: said(description),
            parameters,
            is_repeatable,
            fingerprint,
            connection,
        }
    }

    /// The server's name for it, as it is: it may hold anything.
    pub fn original_name(&self) -> &str {
        &self.original_name
    }

    /// The server's name for it, as it may be shown.
    pub(crate) fn shown_name(&self) -> String {
        shown_name(&self.original_name)
    }

    /// Whether a call is made once more if the server is lost before it answers: it is where the server says that the tool
    /// is read-only or idempotent (the annotations `readOnlyHint` and `idempotentHint`).
    pub fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }
}

impl Tool for McpTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.parameters.clone()
    }

    /// A little more than a call and a start of its server have, each twice: the tool keeps these limits itself.
    fn timeout(&self) -> Option<Duration> {
        Some(self.connection.call_limit().saturating_add(SLACK))
    }

    /// That of the server, which all of its tools share.
    fn rate_limit(&self) -> Option<RateLimit> {
        self.connection.server.rate_limit.clone()
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let arguments = self.parameters.restored(self.parameters.parameters.bind(args)?);
        let request = CallToolRequestParams::new(self.original_name.clone()).with_arguments(arguments);
        let (connection, is_repeatable) = (Arc::clone(&self.connection), self.is_repeatable);
        answer::text(runtime::block_on(async move { connection.call(request, is_repeatable).await })??)
    }
}

impl fmt::Debug for McpTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpTool")
            .field("name", &self.name)
            .field("original_name", &self.original_name)
            .field("parameters", &self.parameters.parameters)
            .field("is_repeatable", &self.is_repeatable)
            .finish_non_exhaustive()
    }
}
