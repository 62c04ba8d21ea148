//! Tool calls written inline in text, as in Toolformer (Schick et al. 2023): find them, also in a text that is
//! still being written, print them back, run them and fill in their results.
//!
//! ```
//! use toolformer_text::{FnTool, Policy, Registry, Syntax, invoke, parse};
//!
//! let syntax = Syntax::default();
//! let text = "Out of 1400, 400 passed, a share of [Share(400, 1400)] in all.";
//!
//! let document = parse(text, &syntax);
//! assert_eq!(document.calls()[0].name, "Share");
//! assert_eq!(document.calls()[0].args, "400, 1400");
//! assert_eq!(document.print(), text);
//!
//! let mut tools = Registry::new();
//! tools.insert(FnTool::new("Share", "a share in per cent", |_args| Ok("28.6%".to_owned())))?;
//! let invoked = invoke(text, &tools, &syntax, Policy::Leave)?;
//! assert_eq!(invoked.text, "Out of 1400, 400 passed, a share of [Share(400, 1400) -> 28.6%] in all.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Grammar
//!
//! ```text
//! call   = "[" name "(" args ")" ws [ arrow result ] "]"
//! name   = [A-Za-z_] [A-Za-z0-9_.]*
//! arrow  = "->" | "→"                       we write "->"
//! ws     = spaces and tabs
//! ```
//!
//! The markers are those of [`Syntax::default`]; other markers follow the same rules.
//!
//! - **args** is raw text up to the `)` that matches the `(`; inner parentheses nest, square brackets are text.
//! - **Quotes.** Inside `'…'` and `"…"` parentheses do not count; `\'` and `\"` neither open nor close. A quote
//!   mark opens only where no letter or digit stands before it, and closes only where none stands after it, so
//!   `don't`, `Jones' book` and `5'10"` hold no quotes (for `"` only ASCII letters and digits count, so that
//!   scripts written without spaces can quote). Typographic quotes are text.
//! - **Unbalanced quotes** are text: a mark without a partner on its line is an ordinary character, and where
//!   heeding the quotes leads to neither a `]` nor an arrow, the arguments are read once more without heeding any.
//! - **result** is the text after the arrow up to the matching `]`; inner brackets nest, quotes mean nothing.
//!   An arrow with nothing behind it is a call that awaits its result: [`Call::result`] is `None`.
//! - A call lies on one line: neither args nor result holds a `\n` or `\r`.
//! - `args` and `result` are given trimmed. A call's span runs from its `[` to after its `]`; the space before
//!   the `[` is outside, and need not be there.
//! - A call inside another call's args or result is part of that text, not a call of its own.
//!
//! Whatever begins like a call (`[name(`) but does not go on like one stays text and is reported as a
//! [`Diagnostic`]. Parsing never fails, takes time linear in the text, and `parse(s).print() == s` for every
//! string.
//!
//! # Streams
//!
//! A [`StreamParser`] is fed a text in chunks, such as the tokens of a model, and finds what [`parse`] finds in
//! the whole. It says when to run a tool:
//!
//! ```
//! use toolformer_text::{StreamEvent, StreamParser, Syntax};
//!
//! let syntax = Syntax::default();
//! let mut parser = StreamParser::new(&syntax);
//! let mut text = String::new();
//! for token in ["It", " is", " [Calc", "(1", " +", " 1)", " ->"] {
//!     for event in parser.push(token) {
//!         match event {
//!             StreamEvent::Text(plain) => text += &plain,
//!             StreamEvent::AwaitsResult { name, args, .. } => text += &format!(" <{name}: {args}>"),
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(text, "It is  <Calc: 1 + 1>");
//! let events = parser.push(&syntax.response("2"));
//! assert!(matches!(&events[..], [StreamEvent::Call { raw, .. }] if raw.ends_with("-> 2]")));
//! ```
//!
//! [`Syntax::progress`] answers the same for one call at the start of a string.
//!
//! A [`CallGrammar`] answers it byte by byte for calls to given tools with arguments that these take, so that a model
//! can be kept to them.
//!
//! # Tools
//!
//! A tool is a [`Tool`]: a closure on raw text ([`FnTool`]), a function of typed parameters ([`TypedTool`]), or your own;
//! [`AsyncTool`] is one that answers later. A [`Registry`] calls them by name, makes results safe, contains panics and
//! hangs, and remembers results in a [`ResultCache`]; an [`Invoker`] runs the calls of whole texts, several at a time.
//!
//! The module `lucidrains` has the functions of toolformer-pytorch, by their names there, on top of all this.
//!
//! # What it refuses
//!
//! No tensors, no tokens (markers are matched on text, so that a tokenizer's merges cannot hide a call), no
//! clock, no environment, no files.
//!
//! # Features
//!
//! - `lucidrains` (default): the module of that name.

mod argument_grammar;
mod argument_value;
mod arguments;
mod async_tool;
mod call;
mod call_grammar;
mod calls_under_way;
mod closest_name;
mod deadline;
mod diagnostic;
mod document;
mod find;
mod first_call;
mod fitting;
mod fn_tool;
mod invoke;
mod line_index;
mod line_numbers;
#[cfg(feature = "lucidrains")]
pub mod lucidrains;
mod parameters;
mod progress;
mod quotes;
mod rate_limit;
mod reader;
mod registry;
mod result_cache;
mod sanitize;
mod scan;
mod shown;
mod start;
mod stream;
mod supervised;
mod syntax;
mod tail;
mod tool;
mod tool_output;
mod typed_tool;
mod work;

pub use argument_grammar::ArgumentGrammar;
pub use argument_value::{ArgumentValue, Raw};
pub use arguments::{Argument, split_arguments, unquoted};
pub use async_tool::{AsyncTool, ToolFuture};
pub use call::Call;
pub use call_grammar::{CallEnds, CallGrammar, CallGrammarError, CallPosition};
pub use calls_under_way::CallsUnderWay;
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use document::{Document, Piece, parse};
pub use first_call::{has_calls, keep_first_call, keep_first_call_of};
pub use fitting::{fitting_result, marked_failure};
pub use fn_tool::FnTool;
pub use invoke::{
    CallStatus, InvokeError, InvokeStreamError, Invoked, InvokedCall, Invoker, Policies, Policy, invoke,
};
pub use line_numbers::LineNumbers;
pub use parameters::{Parameter, ParameterType, Parameters};
pub use progress::Progress;
pub use rate_limit::{RateLimit, RateLimitError, RateLimited};
pub use registry::{CallError, Registry, RegistryError};
pub use result_cache::{CacheError, ResultCache};
pub use sanitize::{sanitize_result, sanitize_result_to};
pub use shown::is_shown;
pub use stream::{StreamEvent, StreamParser, StreamState};
pub use syntax::{Syntax, SyntaxError, is_valid_name};
pub use tool::{Tool, ToolError};
pub use tool_output::ToolOutput;
pub use typed_tool::{TypedFunction, TypedTool};
