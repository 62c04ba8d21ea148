//! The list of a server's tools, which may be long, endless or bloated.

use std::collections::HashSet;

use rmcp::{
    Peer, RoleClient, ServiceError,
    model::{PaginatedRequestParams, Tool},
};

use super::{McpError, McpServer, session::Session};
use crate::one_line::beginning;

/// So many tools are taken of a server, on so many pages.
const MAX_TOOLS: usize = 1000;
const MAX_PAGES: usize = 1000;

/// So long the parameters of a tool may be, as JSON, bytes.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// So many names are told of a server that lacks one, and so long a name is told, characters.
const MAX_KNOWN: usize = 50;
const MAX_NAME_CHARS: usize = 100;

/// Why a list was broken off.
pub(super) enum ListingError {
    /// A page did not come.
    Service(ServiceError),
    /// It is not to be used.
    Refused(McpError),
}

impl ListingError {
    /// What is to be told.
    pub(super) async fn explained(self, server: &McpServer, session: &Session) -> McpError {
        match self {
            Self::Service(error) => {
                McpError::NotListed { server: server.name.clone(), reason: session.why_over(&error).await }
            }
            Self::Refused(error) => error,
        }
    }
}

/// Reads all pages and keeps the tools that are wanted. Of tools with one name the first counts: a call could not tell them
/// apart.
pub(super) async fn list(peer: &Peer<RoleClient>, server: &McpServer) -> Result<Vec<Tool>, ListingError> {
    let (mut tools, mut seen, mut known) = (Vec::new(), HashSet::new(), Vec::new());
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await.map_err(ListingError::Service)?;
        for tool in page.tools {
            if known.len() < MAX_KNOWN {
                known.push(shown_name(&tool.name));
            }
            if server.wants(&tool.name) && seen.insert(tool.name.to_string()) {
                check_size(&tool, server)?;
                tools.push(tool);
            }
        }
        if tools.len() > MAX_TOOLS {
            let server = server.name.clone();
            return Err(ListingError::Refused(McpError::TooManyTools { server, limit: MAX_TOOLS }));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return match server.only().find(|&name| !seen.contains(name)) {
                None => Ok(tools),
                Some(name) => {
                    let (server, name) = (server.name.clone(), name.to_owned());
                    Err(ListingError::Refused(McpError::UnknownTool { server, name, known }))
                }
            };
        }
    }
    let reason = format!("the list has more than {MAX_PAGES} pages; ask its author for larger ones");
    Err(ListingError::Refused(McpError::NotListed { server: server.name.clone(), reason }))
}

fn check_size(tool: &Tool, server: &McpServer) -> Result<(), ListingError> {
    let length = serde_json::to_string(&tool.input_schema).map_or(usize::MAX, |text| text.len());
    if length <= MAX_SCHEMA_BYTES {
        return Ok(());
    }
    let (server, tool) = (server.name.clone(), shown_name(&tool.name));
    Err(ListingError::Refused(McpError::SchemaTooLong { server, tool, limit: MAX_SCHEMA_BYTES }))
}

/// A server's name for a tool as it may be shown.
pub(super) fn shown_name(name: &str) -> String {
    beginning(name, MAX_NAME_CHARS)
}
