//! Tools declared in a file.

mod command;
#[cfg(feature = "mcp")]
mod connected;
mod defaults;
mod error;
#[cfg(feature = "http")]
mod http;
mod keys;
mod parameters;
mod rate;
#[cfg(feature = "mcp")]
mod server;
mod source;

use std::{fmt, fs, path::Path, sync::Arc};

use toml::de::DeTable;
use toolformer_text::{RateLimited, Tool, is_valid_name};

#[cfg(feature = "mcp")]
pub use connected::{ConnectedTools, ServerFailure};
pub use defaults::ToolsFileDefaults;
pub use error::{Place, ToolsFileError, ToolsFileProblem};

use self::{keys::Keys, source::Source};

#[doc = include_str!("tools_file.md")]
///
/// # Example
///
/// ```
/// use std::path::Path;
/// use toolformer_tools::ToolsFile;
///
/// let text = r#"
///     [tools.Upper]
///     kind = "command"
///     description = "the text in capitals"
///     argv = ["tr", "a-z", "A-Z"]
///     stdin = "{text}"
/// "#;
/// let file = ToolsFile::parse(text, Path::new("."))?;
/// let tools = file.tools();
/// assert_eq!(tools[0].name(), "Upper");
/// # #[cfg(unix)]
/// assert_eq!(tools[0].call("hello")?, "HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct ToolsFile {
    tools: Vec<Arc<dyn Tool>>,
    #[cfg(feature = "mcp")]
    servers: Vec<crate::McpServer>,
}

impl ToolsFile {
    /// Reads and checks a file; nothing is started.
    ///
    /// # Errors
    /// If it cannot be read, or as [`ToolsFile::parse`].
    pub fn read(path: &Path) -> Result<Self, ToolsFileError> {
        Self::read_with(path, &ToolsFileDefaults::new())
    }

    /// As [`ToolsFile::read`], with other defaults.
    ///
    /// # Errors
    /// As [`ToolsFile::read`].
    pub fn read_with(path: &Path, defaults: &ToolsFileDefaults) -> Result<Self, ToolsFileError> {
        let unreadable = |source| ToolsFileError::Read { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Self::parse_with(&text, path.parent().unwrap_or(Path::new("")), defaults)
    }

    /// Checks the text of a file that lies in `folder`; nothing is started.
    ///
    /// # Errors
    /// If it is no TOML or says something that cannot be, with the line and what to do.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ToolsFileError> {
        Self::parse_with(text, folder, &ToolsFileDefaults::new())
    }

    /// As [`ToolsFile::parse`], with other defaults.
    ///
    /// # Errors
    /// As [`ToolsFile::parse`].
    pub fn parse_with(
        text: &str,
        folder: &Path,
        defaults: &ToolsFileDefaults,
    ) -> Result<Self, ToolsFileError> {
        let source = Source(text);
        let not_toml = |error: toml::de::Error| {
            let problem = ToolsFileProblem::Toml { message: error.message().to_owned() };
            source.error(error.span().unwrap_or(0..0), "", problem)
        };
        let table = DeTable::parse(text).map_err(not_toml)?;
        let root = Keys::root(source, &table);
        root.only(&["tools", "servers"])?;
        let mut file = Self::default();
        if let Some(tools) = root.get("tools") {
            for (name, tool) in tools.table()?.fields() {
                file.tools.push(read_tool(name, &tool.table()?, folder, defaults)?);
            }
        }
        if let Some(servers) = root.get("servers") {
            for (name, server) in servers.table()?.fields() {
                file.read_server(name, &server.table()?, folder, defaults)?;
            }
        }
        Ok(file)
    }

    #[cfg(feature = "mcp")]
    fn read_server(
        &mut self,
        name: &str,
        table: &Keys<'_>,
        folder: &Path,
        defaults: &ToolsFileDefaults,
    ) -> Result<(), ToolsFileError> {
        self.servers.push(server::read(name, table, folder, defaults)?);
        Ok(())
    }

    #[cfg(not(feature = "mcp"))]
    #[expect(clippy::unused_self, reason = "there is nothing to add to without the feature")]
    fn read_server(
        &mut self,
        _name: &str,
        table: &Keys<'_>,
        _folder: &Path,
        _defaults: &ToolsFileDefaults,
    ) -> Result<(), ToolsFileError> {
        Err(table.error(not_built("MCP servers", "mcp")))
    }

    /// The tools that it declares itself, by name; those of its servers are had from `ToolsFile::connect`.
    pub fn tools(&self) -> Vec<Box<dyn Tool>> {
        self.tools.iter().map(|tool| Box::new(Arc::clone(tool)) as Box<dyn Tool>).collect()
    }

    /// Its MCP servers, not started.
    #[cfg(feature = "mcp")]
    pub fn servers(&self) -> &[crate::McpServer] {
        &self.servers
    }

    /// Starts its servers, all at the same time, and gives what tools there are: those that it declares and those of the
    /// servers. A server that cannot be used is told of beside them, and has no part in them; where only all will do, say
    /// [`ConnectedTools::all`]. A server lives as long as one of its tools.
    #[cfg(feature = "mcp")]
    pub fn connect(&self) -> ConnectedTools {
        connected::connect(self.tools(), &self.servers)
    }
}

fn read_tool(
    name: &str,
    table: &Keys<'_>,
    folder: &Path,
    defaults: &ToolsFileDefaults,
) -> Result<Arc<dyn Tool>, ToolsFileError> {
    if !is_valid_name(name) {
        return Err(table.error(ToolsFileProblem::ToolName { name: name.to_owned() }));
    }
    let kind = table.require("kind", "kind = \"command\" or kind = \"http\"")?;
    let description = table.get("description").map_or(Ok(""), |field| field.string())?.to_owned();
    let parameters = parameters::read(table)?;
    let tool: Arc<dyn Tool> = match kind.string()? {
        "command" => Arc::new(command::read(name, description, parameters, table, folder, defaults)?),
        #[cfg(feature = "http")]
        "http" => Arc::new(http::read(name, description, parameters, table, defaults)?),
        #[cfg(not(feature = "http"))]
        "http" => return Err(kind.error(not_built("requests over HTTP", "http"))),
        other => return Err(kind.impossible(other, "write \"command\" or \"http\"")),
    };
    Ok(match rate::read(table)? {
        Some(limit) => Arc::new(RateLimited::new(tool, limit)),
        None => tool,
    })
}

#[cfg(not(feature = "mcp"))]
fn not_built(what: &str, feature: &str) -> ToolsFileProblem {
    ToolsFileProblem::NotBuilt { what: what.to_owned(), feature: feature.to_owned() }
}

impl fmt::Debug for ToolsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name()).collect();
        let mut debug = f.debug_struct("ToolsFile");
        debug.field("tools", &names);
        #[cfg(feature = "mcp")]
        debug.field("servers", &self.servers);
        debug.finish()
    }
}
