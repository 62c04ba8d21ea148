//! A declared program as a tool.

use std::time::Duration;

use serde_json::json;
use toolformer_text::{Parameters, Tool, ToolError};

use crate::{CommandLine, fingerprint::fingerprint};

/// A [`CommandLine`] with a name and parameters: a [`Tool`].
#[derive(Debug, Clone)]
pub struct CommandTool {
    name: String,
    description: String,
    parameters: Parameters,
    command: CommandLine,
}

/// A tool that enforces its own limit is left so much more by a registry: the tool ends the work, a registry could
/// only stop waiting for it.
pub(crate) const SLACK: Duration = Duration::from_secs(2);

impl CommandTool {
    /// A tool called `name` that runs `command`, whose placeholders are `parameters`.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Parameters,
        command: CommandLine,
    ) -> Self {
        Self { name: name.into(), description: description.into(), parameters, command }
    }
}

impl Tool for CommandTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> Parameters {
        self.parameters.clone()
    }

    /// Two seconds more than the command has: the command is ended in time, with all that it started.
    fn timeout(&self) -> Option<Duration> {
        Some(self.command.call_timeout())
    }

    fn fingerprint(&self) -> String {
        let (command, parameters) = (self.command.declaration(), self.parameters.to_string());
        fingerprint(&json!({"command": command, "parameters": parameters}))
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        self.command.run(&self.parameters.bind(args)?)
    }
}
