//! Ready-made tools for [`toolformer_text`].
//!
//! ```
//! use toolformer_text::{Policy, Registry, Syntax, invoke};
//! use toolformer_tools::Calculator;
//!
//! let mut tools = Registry::new();
//! tools.insert(Calculator)?;
//! let text = "400 of 1400 participants, or [Calculator(400 / 1400)], passed.";
//! let invoked = invoke(text, &tools, &Syntax::default(), Policy::Leave)?;
//! assert_eq!(invoked.text, "400 of 1400 participants, or [Calculator(400 / 1400) -> 0.29], passed.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`builtin`] gives a tool by the short name it has on a command line; [`ToolsFile`] reads tools from a file, in
//! which anybody can declare programs, requests over HTTP and MCP servers.
//!
//! # What it refuses
//!
//! No tool here runs a model, reads the clock or the environment. A declared program is not run by a shell and sees
//! only the environment that is declared; a request goes only to hosts that are listed, at public addresses unless
//! others are allowed, and not through a proxy. The calculator knows numbers, `+ - * / ^ %`
//! and parentheses; it has no names, no functions and no implicit products.
//!
//! # Features
//!
//! - `http`: tools that are asked over HTTP, `HttpTool`, `LibreTranslate` and `OpenAiReader`.
//! - `mcp`: tools of MCP servers, `McpServer`; brings `http`.

mod builtin;
mod calculator;
mod command_line;
mod command_tool;
mod excerpt;
mod fingerprint;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod libre_translate;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(feature = "http")]
mod open_ai_reader;
#[cfg(feature = "http")]
mod runtime;
mod template;
mod tools_file;

pub use builtin::{BUILTIN_NAMES, builtin};
pub use calculator::{Calculator, CalculatorError, evaluate, format_value};
pub use command_line::{CommandLine, CommandLineError};
pub use command_tool::CommandTool;
#[cfg(feature = "http")]
pub use http::{AllowedHost, HttpError, HttpMethod, HttpRules, HttpTool};
#[cfg(feature = "http")]
pub use libre_translate::LibreTranslate;
#[cfg(feature = "mcp")]
pub use mcp::{McpError, McpServer, McpTool};
#[cfg(feature = "http")]
pub use open_ai_reader::OpenAiReader;
pub use template::TemplateError;
pub use tools_file::{Place, ToolsFile, ToolsFileError, ToolsFileProblem};
