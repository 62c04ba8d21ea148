//! Tools of MCP servers.

mod answer;
mod bounded;
mod connection;
mod error;
mod listing;
mod process;
mod schema;
mod server;
mod session;
mod tool;

pub use error::McpError;
pub use server::McpServer;
pub use tool::McpTool;
