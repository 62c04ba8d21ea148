//! One of a server's tools.

use std::{fmt, sync::Arc, time::Duration};

use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};
use toolformer_text::{Parameters, Tool, ToolError};

use super::{answer, connection::Connection};
use crate::{command_tool::SLACK, fingerprint::fingerprint, one_line, runtime};

/// What is kept of a server's description of a tool.
const MAX_DESCRIPTION_CHARS: usize = 500;

/// A tool of an [`McpServer`](crate::McpServer).
pub struct McpTool {
    name: String,
    original_name: String,
    description: String,
    parameters: Parameters,
    fingerprint: String,
    connection: Arc<Connection>,
}

impl McpTool {
    pub(super) fn new(name: String, tool: &rmcp::model::Tool, connection: Arc<Connection>) -> Self {
        let description = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
        let parameters = Parameters::from_json_schema(Value::Object((*tool.input_schema).clone()));
        let fingerprint = fingerprint(&json!({
            "server": connection.server.declaration(),
            "tool": tool.name,
            "parameters": parameters.to_string(),
        }));
        Self {
            name,
            original_name: tool.name.to_string(),
            // It is shown on terminals and put into prompts: one line, without control characters.
            description: one_line::beginning(description, MAX_DESCRIPTION_CHARS),
            parameters,
            fingerprint,
            connection,
        }
    }

    /// Its name in texts.
    pub(super) fn called(&self) -> &str {
        &self.name
    }

    /// The server's name for it.
    pub fn original_name(&self) -> &str {
        &self.original_name
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
        self.parameters.clone()
    }

    /// A little more than a call has, and its server to start again: the tool keeps these limits itself.
    fn timeout(&self) -> Option<Duration> {
        let server = &self.connection.server;
        Some(server.timeout.saturating_add(server.start_timeout).saturating_add(SLACK))
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let arguments = self.parameters.bind(args)?;
        let request = CallToolRequestParams::new(self.original_name.clone()).with_arguments(arguments);
        let connection = Arc::clone(&self.connection);
        answer::text(runtime::block_on(async move { connection.call(request).await })??)
    }
}

impl fmt::Debug for McpTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpTool")
            .field("name", &self.name)
            .field("original_name", &self.original_name)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
