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
//! | tool | name in text | what it does |
//! |---|---|---|
//! | [`Calculator`] | `Calculator` | evaluates an expression |
//! | [`Calendar`] | `Calendar` | says which day it is, and computes with days |
//! | `WikiSearch` | `WikiSearch` | finds the best article of a `WikiIndex` by BM25, and shows its beginning |
//! | `QuestionAnswering` | `QA` | finds passages in a `WikiIndex` and lets a reader answer from them |
//! | `Translate` | `MT` | recognises the language of a text and lets a translator translate it |
//! | [`CommandTool`], `HttpTool`, `McpTool` | as declared | a program, a request over HTTP, a tool of an MCP server |
//!
//! # What it refuses
//!
//! No tool here runs a model, reads the clock or the environment. A declared program is not run by a shell and sees
//! only the environment that is declared; a request goes only to hosts that are listed, at public addresses unless
//! others are allowed, and not through a proxy. The calculator knows numbers, `+ - * / ^ %`
//! and parentheses; it has no names, no functions and no implicit products. The calendar is told which day it is;
//! it knows days, not times, time zones or holidays. The search knows English endings, and words, not meanings: it has
//! no query syntax, and an article that shares no word with the query is not found. Questions and translations are
//! answered by a function or a `Translator` that is handed in; the crate brings neither.
//!
//! # Features
//!
//! None by default, so that the small tools stay quick to compile.
//!
//! - `search`: `WikiIndex`, `WikiSearch` and `QuestionAnswering`, on tantivy.
//! - `translate`: `Translate` and `Language`, on whatlang.
//! - `http`: tools that are asked over HTTP, `HttpTool`, `LibreTranslate` and `OpenAiReader`.
//! - `mcp`: tools of MCP servers, `McpServer`; brings `http`. The SDK, `rmcp`, logs by `tracing` with the target `rmcp`;
//!   all that matters is in the errors as well, so a program may turn it off.

mod builtin;
mod calculator;
mod calendar;
mod command_line;
mod command_tool;
mod fingerprint;
#[cfg(feature = "http")]
mod http;
mod last_words;
#[cfg(feature = "http")]
mod libre_translate;
#[cfg(feature = "mcp")]
mod mcp;
mod one_line;
#[cfg(feature = "http")]
mod open_ai_reader;
#[cfg(feature = "search")]
mod question_answering;
#[cfg(feature = "search")]
mod reader;
mod running;
#[cfg(feature = "http")]
mod runtime;
mod template;
mod tools_file;
#[cfg(feature = "translate")]
mod translate;
#[cfg(feature = "search")]
mod wiki_index;
#[cfg(feature = "search")]
mod wiki_search;

pub use builtin::{BUILTINS, Builtin, BuiltinError, BuiltinSettings, builtin};
pub use calculator::{Calculator, CalculatorError, evaluate, format_value};
pub use calendar::{Calendar, CalendarError, Date, iso_date};
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
#[cfg(feature = "search")]
pub use question_answering::QuestionAnswering;
#[cfg(feature = "search")]
pub use reader::Reader;
pub use running::kill_running_programs;
pub use template::TemplateError;
#[cfg(feature = "mcp")]
pub use tools_file::{ConnectedTools, ServerFailure};
pub use tools_file::{Place, ToolsFile, ToolsFileDefaults, ToolsFileError, ToolsFileProblem};
#[cfg(feature = "translate")]
pub use translate::{Language, Translate, Translator, UnknownLanguage};
#[cfg(feature = "search")]
pub use wiki_index::{Article, Hit, IndexError, IndexProgress, JsonlArticles, WikiIndex};
#[cfg(feature = "search")]
pub use wiki_search::WikiSearch;
