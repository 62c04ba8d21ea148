//! The text functions of [toolformer-pytorch](https://github.com/lucidrains/toolformer-pytorch) (0.0.30), by the
//! names they have there, doing what they are meant to do.
//!
//! ```
//! use toolformer_text::{
//!     Registry, ToolError,
//!     lucidrains::{Options, Param, function, invoke_tools},
//! };
//!
//! let add = |n: i64| {
//!     move |params: &[Param]| match params {
//!         [Param::Int(i)] => Ok((i + n).to_string()),
//!         _ => Err(ToolError::bad_arguments("give one integer")),
//!     }
//! };
//! let mut registry = Registry::new();
//! registry.insert(function("inc", add(1)))?;
//! registry.insert(function("dec", add(-1)))?;
//!
//! let text = "make the following calls: [inc(1)] and [dec(2)] and [ignored(3)]";
//! let invoked = invoke_tools(&registry, text, &Options::default())?;
//! assert_eq!(invoked, "make the following calls: [inc(1) → 2] and [dec(2) → 1] and [ignored(3)]");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | there | here | what is different |
//! |---|---|---|
//! | `create_function_regex` | [`create_function_regex`] | the same groups; a name may hold dots, the arguments quotes and parentheses, the call a result, and no space is needed before it |
//! | `has_api_calls` | [`has_api_calls`]; [`has_calls`] with a [`Syntax`] | finds every call of the crate's grammar |
//! | `replace_all_but_first` | [`replace_all_but_first`]; [`keep_first_call`], and [`keep_first_call_of`](crate::keep_first_call_of) for one tool | the same, with every call of the grammar |
//! | `is_valid_string`, `is_valid_integer`, `is_valid_float`, `parse_param` | [`parse_param`] | a string comes without its quotes; `.5`, `1e3`, `True` and bare text are read; nothing is refused |
//! | `params.split(',')` in `replace_fn` | [`parse_params`] | commas in quotes and brackets do not separate |
//! | the registry, a `dict` | [`Registry`] with [`function`] | a function says why it fails; any [`Tool`] may stand beside it |
//! | `replace_fn`, `invoke_tools` | [`invoke_tools`]; [`invoke`] with a [`Policy`] | the defaults work, no space is added before the `]`, a call that holds a result is left alone, results are made safe; [`invoke`] also says what became of each call |
//! | `invoke_tools_on_batch_sequences` | [`invoke_tools_on_batch_sequences`] | it runs |
//! | `api_start`, `api_stop`, `delimiter` | [`Options`] | one set of defaults for all functions |
//! | `sample*`, `filter_tokens_with_api_response`, `Toolformer` | the crates `toolformer-decode`, `toolformer-filter`, `toolformer-train` | the paper's, not theirs |

mod function_regex;
mod params;

pub use function_regex::create_function_regex;
pub use params::{Param, parse_param, parse_params};

use crate::{
    FnTool, Policy, Registry, Syntax, SyntaxError, Tool, ToolError, has_calls, invoke, keep_first_call,
};

/// The markers, by their names in toolformer-pytorch. White space around the last two means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What opens a call: `" ["`. Leading white space is written and deleted with a call, but need not be there.
    pub api_start: String,
    /// What closes a call: `"]"`.
    pub api_stop: String,
    /// What stands before a result: `"→"`.
    pub delimiter: String,
}

impl Default for Options {
    /// The markers of [`Syntax::lucidrains`].
    fn default() -> Self {
        let syntax = Syntax::lucidrains();
        Self {
            api_start: syntax.open().to_owned(),
            api_stop: syntax.close().to_owned(),
            delimiter: syntax.arrow().to_owned(),
        }
    }
}

impl Options {
    /// The same as a [`Syntax`]. Where the delimiter is one of the two usual arrows, the other is read as well.
    ///
    /// # Errors
    /// If the markers cannot work, see [`Syntax::new`].
    pub fn syntax(&self) -> Result<Syntax, SyntaxError> {
        let usual = Syntax::lucidrains();
        let delimiter = self.delimiter.trim();
        let known: Vec<&str> = usual.arrows().collect();
        let others = known.iter().copied().filter(|&arrow| known.contains(&delimiter) && arrow != delimiter);
        Syntax::new(&self.api_start, self.api_stop.trim(), delimiter, &others.collect::<Vec<_>>())
    }
}

/// Whether `text` holds a call.
///
/// # Errors
/// If the markers cannot work.
pub fn has_api_calls(text: &str, options: &Options) -> Result<bool, SyntaxError> {
    Ok(has_calls(text, &options.syntax()?))
}

/// `text` with its first call only; later ones are deleted with the space before them.
///
/// # Errors
/// If the markers cannot work.
pub fn replace_all_but_first(text: &str, options: &Options) -> Result<String, SyntaxError> {
    Ok(keep_first_call(text, &options.syntax()?))
}

/// A tool made from a function of parameters, as [`parse_params`] reads them. A function that returns `None` there
/// returns [`ToolError::NoResult`] here.
pub fn function(
    name: impl Into<String>,
    function: impl Fn(&[Param]) -> Result<String, ToolError> + Send + Sync + 'static,
) -> impl Tool + 'static {
    let name = name.into();
    let description = format!("the function {name}");
    FnTool::new(name, description, move |args: &str| function(&parse_params(args)))
}

/// Runs the calls of `text` and writes their results behind the delimiter. Calls to unknown tools and calls without
/// a result stay as they are; [`invoke`] says why.
///
/// # Errors
/// If the markers cannot work.
pub fn invoke_tools(registry: &Registry, text: &str, options: &Options) -> Result<String, SyntaxError> {
    let invoked = invoke(text, registry, &options.syntax()?, Policy::Leave);
    // That policy has no errors.
    Ok(invoked.map_or_else(|_| text.to_owned(), |invoked| invoked.text))
}

/// [`invoke_tools`] on texts that are token ids. Rows come back as long as they become.
///
/// # Errors
/// If the markers cannot work, or `decode` or `encode` fails.
pub fn invoke_tools_on_batch_sequences<E: From<SyntaxError>>(
    registry: &Registry,
    token_ids: &[Vec<u32>],
    encode: impl Fn(&str) -> Result<Vec<u32>, E>,
    decode: impl Fn(&[u32]) -> Result<String, E>,
    options: &Options,
) -> Result<Vec<Vec<u32>>, E> {
    let row = |ids: &Vec<u32>| encode(&invoke_tools(registry, &decode(ids)?, options)?);
    token_ids.iter().map(row).collect()
}
