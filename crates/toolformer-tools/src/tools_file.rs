//! Tools declared in a file.

mod command;
mod defaults;
mod error;
#[cfg(feature = "http")]
mod http;
mod keys;
mod parameters;
#[cfg(feature = "mcp")]
mod server;
mod source;

use std::{fmt, fs, path::Path, sync::Arc};

use toml::de::DeTable;
use toolformer_text::{Tool, is_valid_name};

pub use defaults::ToolsFileDefaults;
pub use error::{Place, ToolsFileError, ToolsFileProblem};

use self::{keys::Keys, source::Source};

/// Tools declared in a file, `tools.toml` by custom.
///
/// The file is TOML with two kinds of tables. Every key that is not named here is an error, and so is everything
/// that can be seen to be wrong before a tool is called.
///
/// # `[tools.NAME]`
///
/// A tool that texts call by `NAME`.
///
/// | key | what it says | without it |
/// |---|---|---|
/// | `kind` | `"command"` or `"http"` | an error |
/// | `description` | what the tool does, for people and prompts | empty |
/// | `parameters` | a list of `{ name, type, description, optional }` | one text called `text` |
///
/// The `type` of a parameter is `"string"` (the default), `"integer"`, `"number"`, `"boolean"`, `"any"`,
/// `"list of string"` (or of another of these), or `"text"`: all that is left of the arguments, as it is written. In
/// a template `{name}` stands for the argument of that name, `{{` and `}}` for braces. A string is put in as it is,
/// other values as JSON; what a call leaves out is empty.
///
/// ## `kind = "command"`
///
/// | key | what it says | without it |
/// |---|---|---|
/// | `argv` | the program and its arguments, templates; no shell is involved | an error |
/// | `stdin` | what the program reads on standard input, a template | nothing |
/// | `directory` | its working directory, relative to the file's folder | that folder |
/// | `environment` | a table of variables; there are no others but `PATH` | no variables |
/// | `timeout_seconds` | the time that it has | 10 |
/// | `output_limit_bytes` | how much it may print | 65536 |
///
/// An element of `argv` that names a parameter which the call leaves out is left out as a whole. A string that
/// begins with `-` is refused where it would become an option: put `"--"` before it, or use `stdin`. See
/// [`CommandLine`](crate::CommandLine) for how a program is found and ended.
///
/// ## `kind = "http"` (feature `http`)
///
/// | key | what it says | without it |
/// |---|---|---|
/// | `url` | the address, a template in its path and query | an error |
/// | `method` | `"GET"` or `"POST"` | `"GET"` |
/// | `headers` | a table of headers, no templates | none |
/// | `body` | for `POST`: JSON, written as TOML, whose strings are templates | none |
/// | `answer` | the JSON pointer of the result in the answer | the whole answer as text |
/// | `hosts` | which hosts may be asked, each with its port unless that is 80 or 443 | the host of `url` |
/// | `allow_private` | whether addresses of this machine and private networks are allowed | `false` |
/// | `timeout_seconds` | the time that a request has | 10 |
/// | `response_limit_bytes` | how long an answer may be | 1048576 |
/// | `max_redirects` | how many redirects are followed, each to one of `hosts` | 5 |
///
/// A string of `body` that is a placeholder and nothing else becomes the argument with its type; where the call
/// leaves it out, the entry is left out. See `HttpRules` for the limits.
///
/// # `[servers.NAME]` (feature `mcp`)
///
/// An MCP server, whose tools become tools. It is started by `ToolsFile::connect`.
///
/// | key | what it says | without it |
/// |---|---|---|
/// | `command` | the program that is the server, and its arguments; no templates | `url` must be there |
/// | `directory`, `environment` | as for a command | as for a command |
/// | `url` | the address of a server that runs already (streamable HTTP) | `command` must be there |
/// | `headers`, `hosts`, `allow_private`, `max_redirects` | as for `kind = "http"` | as there |
/// | `response_limit_bytes` | how long an answer may be; a program that goes beyond it is ended | 1048576 |
/// | `prefix` | what is put before the name of each tool | nothing |
/// | `only` | a list of the server's tools that are wanted | all of them |
/// | `timeout_seconds` | the time that a call has | 30 |
/// | `start_timeout_seconds` | the time that the server has to start and list its tools | 30 |
///
/// The defaults of `timeout_seconds` may be others, see [`ToolsFileDefaults`].
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

    /// Starts its servers: all tools, those that it declares and those of the servers. A server lives as long as one
    /// of its tools.
    ///
    /// # Errors
    /// If a server does not start, or two tools have one name.
    #[cfg(feature = "mcp")]
    pub fn connect(&self) -> Result<Vec<Box<dyn Tool>>, crate::McpError> {
        let mut tools = self.tools();
        let mut owners: std::collections::BTreeMap<String, String> =
            tools.iter().map(|tool| (tool.name().to_owned(), format!("tools.{}", tool.name()))).collect();
        for server in &self.servers {
            let declared = |error| crate::McpError::Declared {
                table: format!("servers.{}", server.name()),
                error: Box::new(error),
            };
            for tool in server.connect().map_err(declared)? {
                let owner = format!("`{}` of servers.{}", tool.original_name(), server.name());
                if let Some(first) = owners.insert(tool.name().to_owned(), owner.clone()) {
                    let name = tool.name().to_owned();
                    return Err(crate::McpError::NameClash { name, first, second: owner });
                }
                tools.push(Box::new(tool));
            }
        }
        Ok(tools)
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
    match kind.string()? {
        "command" => Ok(Arc::new(command::read(name, description, parameters, table, folder, defaults)?)),
        #[cfg(feature = "http")]
        "http" => Ok(Arc::new(http::read(name, description, parameters, table, defaults)?)),
        #[cfg(not(feature = "http"))]
        "http" => Err(kind.error(not_built("requests over HTTP", "http"))),
        other => Err(kind.impossible(other, "write \"command\" or \"http\"")),
    }
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
