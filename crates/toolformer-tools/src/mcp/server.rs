//! A declared server.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use toolformer_text::RateLimit;
use url::Url;

use super::{McpError, McpTool, connection::Connection, listing::shown_name};
use crate::{
    CommandLine,
    http::{HttpError, HttpRules, checked_url, headers},
    runtime::{self, Pending},
};

/// An MCP server and what is wanted of it.
///
/// A server that is a program is started by [`McpServer::connect`] and killed, with all that it started in its
/// process group, when its last tool is dropped. What it prints on standard error is kept for errors.
///
/// # When a server is lost
///
/// A program that ends, or is ended because a call took too long and may have stuck in it, is started again by the next
/// call. After three starts in a row without an answer it is not started any more, and every call fails at once.
///
/// Calls that were under way are lost with it. Whether the server did what they asked is not known; so a call is made
/// once more, on the new run, only where the server says that this does no harm, see [`McpTool::is_repeatable`]; others
/// fail and say so. A call that is made again has the server for itself: if it ends the server a second time, it fails
/// alone. So a call of a repeatable tool that ends the server takes no other such call with it, however many are made at a
/// time; calls of other tools it may.
///
/// A server at a URL is not ended: a call that takes too long is cancelled. A session that the server has forgotten is
/// made anew, and the call sent again, which the server had not taken; a broken connection is like a program that ends,
/// but is tried again without end.
#[derive(Debug, Clone)]
pub struct McpServer {
    pub(super) name: String,
    pub(super) transport: Transport,
    pub(super) timeout: Duration,
    pub(super) start_timeout: Duration,
    pub(super) response_limit: usize,
    pub(super) rate_limit: Option<RateLimit>,
    prefix: String,
    only: Option<Vec<String>>,
}

/// So much of a server's name for a tool counts, characters: what the protocol's specification allows.
const MAX_NAME_CHARS: usize = 128;

/// How a server is spoken to.
#[derive(Debug, Clone)]
pub(super) enum Transport {
    /// On the standard streams of a program.
    Program(CommandLine),
    /// By streamable HTTP.
    Http { url: Url, headers: HeaderMap, rules: Arc<HttpRules> },
}

impl McpServer {
    /// The time that a call has, and that a server has to start, if nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// A server that is a program, without placeholders; its own limits do not matter.
    pub fn program(name: impl Into<String>, command: CommandLine) -> Self {
        Self::new(name.into(), Transport::Program(command))
    }

    /// A server that runs at `url`, asked by streamable HTTP as the rules allow; their timeout is for connecting alone.
    ///
    /// # Errors
    /// If it is no URL or breaks the rules.
    pub fn http(name: impl Into<String>, url: &str, rules: HttpRules) -> Result<Self, HttpError> {
        let url = checked_url(url)?;
        rules.check(&url)?;
        let (headers, rules) = (HeaderMap::new(), Arc::new(rules));
        Ok(Self::new(name.into(), Transport::Http { url, headers, rules }))
    }

    fn new(name: String, transport: Transport) -> Self {
        let (timeout, start_timeout) = (Self::DEFAULT_TIMEOUT, Self::DEFAULT_TIMEOUT);
        let response_limit = HttpRules::DEFAULT_RESPONSE_LIMIT;
        let (rate_limit, prefix, only) = (None, String::new(), None);
        Self { name, transport, timeout, start_timeout, response_limit, rate_limit, prefix, only }
    }

    /// Sends these headers to a server at a URL; they mean nothing to a program.
    ///
    /// # Errors
    /// If one cannot be sent.
    pub fn with_headers(mut self, map: &BTreeMap<String, String>) -> Result<Self, HttpError> {
        if let Transport::Http { headers: known, .. } = &mut self.transport {
            *known = headers(map)?;
        }
        Ok(self)
    }

    /// Puts this before the name of each of its tools.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Only these of its tools, by the server's names; otherwise all.
    #[must_use]
    pub fn with_only<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How often it may be called, over all of its tools; otherwise as often as anybody wants.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The time that a call has; otherwise [`Self::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The time that it has to start and list its tools; otherwise [`Self::DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn with_start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// How long an answer of a program may be, bytes; otherwise [`HttpRules::DEFAULT_RESPONSE_LIMIT`]. A program that
    /// goes beyond it is ended. For a server at a URL its rules say so.
    #[must_use]
    pub fn with_response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// Its name, for errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All that its answers depend on, as far as it is declared: not the limits, and the headers with their values.
    pub(super) fn declaration(&self) -> Value {
        match &self.transport {
            Transport::Program(command) => command.declaration(),
            Transport::Http { url, headers, .. } => {
                let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
                let headers: BTreeMap<&str, String> =
                    headers.iter().map(|(name, text)| (name.as_str(), value(text))).collect();
                json!({"url": url.as_str(), "headers": headers})
            }
        }
    }

    /// Whether a tool of that name is wanted.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|wanted| wanted == name))
    }

    /// The names of the tools that are wanted, where there are some.
    pub(super) fn only(&self) -> impl Iterator<Item = &str> {
        self.only.iter().flatten().map(String::as_str)
    }

    pub(super) fn start_timed_out(&self, said: String) -> McpError {
        McpError::StartTimedOut { server: self.name.clone(), limit: self.start_timeout, said }
    }

    /// Starts it and lists its tools. In texts they are called by the server's names behind the prefix, where what
    /// cannot be in a name is `_`; at most 128 characters of a name count.
    ///
    /// # Errors
    /// If it does not start or list its tools in time, lists more than 1000 or one whose parameters take more than
    /// 64 KiB to describe, lacks one that is wanted, or two would be called alike.
    pub fn connect(&self) -> Result<Vec<McpTool>, McpError> {
        self.begin().wait().map_err(McpError::Runtime)?
    }

    /// As [`McpServer::connect`], without waiting.
    pub(crate) fn begin(&self) -> Pending<Result<Vec<McpTool>, McpError>> {
        let connection = Arc::new(Connection::new(self.clone()));
        runtime::spawn(async move {
            let listed = connection.list().await?;
            connection.server.tools(&listed, &connection)
        })
    }

    fn tools(
        &self,
        listed: &[rmcp::model::Tool],
        connection: &Arc<Connection>,
    ) -> Result<Vec<McpTool>, McpError> {
        let mut originals: BTreeMap<String, &str> = BTreeMap::new();
        let mut tools = Vec::new();
        for tool in listed {
            let name = valid_name(&self.prefix, &tool.name);
            if let Some(first) = originals.insert(name.clone(), &tool.name) {
                let owner = |tool: &str| format!("`{}` of the server `{}`", shown_name(tool), self.name);
                let (first, second) = (owner(first), owner(&tool.name));
                return Err(McpError::NameClash { name, first, second });
            }
            tools.push(McpTool::new(name, tool, Arc::clone(connection)));
        }
        Ok(tools)
    }
}

/// A name that can be found in a text.
fn valid_name(prefix: &str, name: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
    let name = name.chars().take(MAX_NAME_CHARS);
    let name: String = prefix.chars().chain(name).map(valid).collect();
    match name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        true => name,
        false => format!("_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_valid() {
        assert_eq!(valid_name("", "read-file"), "read_file");
        assert_eq!(valid_name("fs.", "a/b c"), "fs.a_b_c");
        assert_eq!(valid_name("", "2nd"), "_2nd");
        assert_eq!(valid_name("", "é"), "_");
        assert_eq!(valid_name("", ""), "_");
        assert_eq!(valid_name("", "a\u{1b}[31m\n"), "a__31m_");
        assert_eq!(valid_name("p.", &"x".repeat(1000)).len(), 130);
    }
}
