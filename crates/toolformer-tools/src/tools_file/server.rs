//! `[servers.NAME]`.

use std::path::Path;

use super::{
    ToolsFileDefaults, ToolsFileError, ToolsFileProblem,
    command::surroundings,
    http::rules,
    keys::Keys,
    rate::{self, RATE},
};
use crate::{CommandLine, McpServer};

const BOTH: &[&str] = &["prefix", "only", "timeout_seconds", "start_timeout_seconds", "response_limit_bytes"];
const PROGRAM: &[&str] = &["command", "directory", "environment"];
const HTTP: &[&str] = &["url", "headers", "hosts", "allow_private", "max_redirects"];

pub(super) fn read(
    name: &str,
    table: &Keys<'_>,
    folder: &Path,
    defaults: &ToolsFileDefaults,
) -> Result<McpServer, ToolsFileError> {
    let all = [BOTH, PROGRAM, HTTP, RATE].concat();
    table.only(&all)?;
    let mut server = match (table.get("command"), table.get("url")) {
        (Some(_), None) => {
            refuse(table, HTTP, "command")?;
            program(name, table, folder)?
        }
        (_, Some(_)) => {
            refuse(table, PROGRAM, "url")?;
            http(name, table)?
        }
        (None, None) => {
            table.require("command", "command = [\"program\"], or url = \"http://host:8000/mcp\"")?;
            program(name, table, folder)?
        }
    };
    if let Some(field) = table.get("prefix") {
        let prefix = field.string()?;
        if !prefix.is_empty() && !toolformer_text::is_valid_name(prefix) {
            return Err(field.error(ToolsFileProblem::ToolName { name: prefix.to_owned() }));
        }
        server = server.with_prefix(prefix);
    }
    if let Some(field) = table.get("only") {
        server = server.with_only(field.strings()?);
    }
    if let Some(timeout) = table.timeout(defaults)? {
        server = server.with_timeout(timeout);
    }
    if let Some(timeout) = table.seconds("start_timeout_seconds")? {
        server = server.with_start_timeout(timeout);
    }
    if let Some(limit) = rate::read(table)? {
        server = server.with_rate_limit(limit);
    }
    Ok(server)
}

/// Refuses keys that do not go with `other`.
fn refuse(table: &Keys<'_>, keys: &[&str], other: &str) -> Result<(), ToolsFileError> {
    match keys.iter().find_map(|key| table.get(key)) {
        None => Ok(()),
        Some(field) => {
            let advice = "a server is either a program or at a URL".to_owned();
            Err(field.error(ToolsFileProblem::Conflict { other: format!("`{other}`"), advice }))
        }
    }
}

fn program(name: &str, table: &Keys<'_>, folder: &Path) -> Result<McpServer, ToolsFileError> {
    let field = table.require("command", "command = [\"program\"]")?;
    // Braces are text here.
    let argv = field.strings()?.into_iter().map(|element| element.replace('{', "{{").replace('}', "}}"));
    let command = CommandLine::new(argv).map_err(|error| field.error(error))?;
    let server = McpServer::program(name, surroundings(command, table, folder)?);
    match table.get("response_limit_bytes") {
        None => Ok(server),
        Some(limit) => Ok(server.with_response_limit(limit.bytes()?)),
    }
}

fn http(name: &str, table: &Keys<'_>) -> Result<McpServer, ToolsFileError> {
    let field = table.require("url", "url = \"http://host:8000/mcp\"")?;
    let rules = rules(table, field.string()?, &field)?;
    let mut server = McpServer::http(name, field.string()?, rules).map_err(|error| field.error(error))?;
    if let Some(headers) = table.get("headers") {
        server = server.with_headers(&headers.string_map()?).map_err(|error| headers.error(error))?;
    }
    Ok(server)
}
