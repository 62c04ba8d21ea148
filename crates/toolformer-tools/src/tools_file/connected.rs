//! The tools of a file whose servers are running.

use std::{collections::BTreeMap, fmt};

use toolformer_text::Tool;

use crate::{McpError, McpServer, McpTool};

/// The tools of a [`ToolsFile`](crate::ToolsFile), those of its servers among them, and which servers are missing.
#[non_exhaustive]
pub struct ConnectedTools {
    /// The tools that there are: those that the file declares itself, then those of each server, by the servers' names.
    pub tools: Vec<Box<dyn Tool>>,
    /// The servers none of whose tools are there.
    pub failures: Vec<ServerFailure>,
}

/// A server of a tools file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("servers.{server}: {error}")]
#[non_exhaustive]
pub struct ServerFailure {
    /// Its name in the file.
    pub server: String,
    /// Why, and what to do.
    pub error: McpError,
}

impl ConnectedTools {
    /// All tools, if no server is missing.
    ///
    /// # Errors
    /// The first server that cannot be used.
    pub fn all(self) -> Result<Vec<Box<dyn Tool>>, ServerFailure> {
        match self.failures.into_iter().next() {
            None => Ok(self.tools),
            Some(failure) => Err(failure),
        }
    }
}

impl fmt::Debug for ConnectedTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name()).collect();
        f.debug_struct("ConnectedTools").field("tools", &names).field("failures", &self.failures).finish()
    }
}

/// Starts the servers at the same time; their tools stand behind those that are `declared`.
pub(super) fn connect(declared: Vec<Box<dyn Tool>>, servers: &[McpServer]) -> ConnectedTools {
    let owners = declared.iter().map(|tool| (tool.name().to_owned(), format!("tools.{}", tool.name())));
    let mut owners: BTreeMap<String, String> = owners.collect();
    let mut connected = ConnectedTools { tools: declared, failures: Vec::new() };
    let starting: Vec<_> = servers.iter().map(McpServer::begin).collect();
    for (server, starting) in servers.iter().zip(starting) {
        let tools = starting.wait().map_err(McpError::Runtime).flatten();
        match tools.and_then(|tools| owned(tools, server, &mut owners)) {
            Ok(tools) => connected.tools.extend(tools),
            Err(error) => connected.failures.push(ServerFailure { server: server.name().to_owned(), error }),
        }
    }
    connected
}

/// The tools of a server, with the names that they take; an error if one is taken.
fn owned(
    tools: Vec<McpTool>,
    server: &McpServer,
    owners: &mut BTreeMap<String, String>,
) -> Result<Vec<Box<dyn Tool>>, McpError> {
    let owner = |tool: &McpTool| format!("`{}` of servers.{}", tool.shown_name(), server.name());
    if let Some((tool, first)) = tools.iter().find_map(|tool| Some((tool, owners.get(tool.name())?))) {
        let (name, first, second) = (tool.name().to_owned(), first.clone(), owner(tool));
        return Err(McpError::NameClash { name, first, second });
    }
    owners.extend(tools.iter().map(|tool| (tool.name().to_owned(), owner(tool))));
    Ok(tools.into_iter().map(|tool| Box::new(tool) as Box<dyn Tool>).collect())
}
