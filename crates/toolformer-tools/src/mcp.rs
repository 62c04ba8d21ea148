//! Tools of MCP servers.

mod answer;
mod bounded;
mod connection;
mod error;
mod process;
mod server;
mod tool;

pub use error::McpError;
pub use server::McpServer;
pub use tool::McpTool;
