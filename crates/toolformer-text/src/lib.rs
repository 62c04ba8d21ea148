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
//! # What it refuses
//!
//! No tensors, no tokens (markers are matched on text, so that a tokenizer's merges cannot hide a call), no
//! clock, no environment, no files.
//!
//! # Features
//!
//! None.

mod call;
mod closest_name;
mod diagnostic;
mod document;
mod find;
mod invoke;
mod line_index;
mod progress;
mod quotes;
mod reader;
mod registry;
mod sanitize;
mod scan;
mod start;
mod stream;
mod syntax;
mod tail;
mod tool;
mod work;

pub use call::Call;
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use document::{Document, Piece, parse};
pub use invoke::{CallStatus, InvokeError, Invoked, InvokedCall, Policy, invoke};
pub use progress::Progress;
pub use registry::{CallError, Registry, RegistryError};
pub use sanitize::{sanitize_result, sanitize_result_to};
pub use stream::{StreamEvent, StreamParser, StreamState};
pub use syntax::{Syntax, SyntaxError, is_valid_name};
pub use tool::{FnTool, Tool, ToolError};
