//! Calls as one regular expression.

use regex::Regex;

use crate::Syntax;

/// The rule of [`is_valid_name`](crate::is_valid_name).
const NAME: &str = "[A-Za-z_][A-Za-z0-9_.]*";

/// How many parentheses of the arguments may stand in each other.
const NESTING: usize = 8;

/// A regular expression that finds calls. Its groups are those of toolformer-pytorch:
///
/// 1. from the start to after the `)`: ` [name(args)`, with white space at the start of `api_start` where it is there;
/// 2. the name;
/// 3. the arguments, not trimmed;
/// 4. the stop.
///
/// A result may stand between groups 1 and 4, behind either arrow of [`Syntax::lucidrains`].
///
/// A regular expression cannot count: at most 8 parentheses may stand in each other in the arguments, and a result
/// ends at the first `api_stop`. [`parse`](crate::parse) has no such limits, and is what all else here uses.
///
/// ```
/// let regex = toolformer_text::lucidrains::create_function_regex(" [", "]")?;
/// let groups = regex.captures("is [math.sum((1 + 2), 3) → 6].").ok_or("no call")?;
/// let groups: Vec<&str> = (1..5).map(|i| &groups[i]).collect();
/// assert_eq!(groups, [" [math.sum((1 + 2), 3)", "math.sum", "(1 + 2), 3", "]"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the markers are too long.
pub fn create_function_regex(api_start: &str, api_stop: &str) -> Result<Regex, regex::Error> {
    let bare_start = api_start.trim_start();
    let space = regex::escape(&api_start[..api_start.len() - bare_start.len()]);
    let (start, stop) = (regex::escape(bare_start), regex::escape(api_stop.trim()));
    let syntax = Syntax::lucidrains();
    let arrows: Vec<String> = syntax.arrows().map(regex::escape).collect();
    let (args, arrows) = (arguments(), arrows.join("|"));
    Regex::new(&format!(
        r"((?:{space})?{start}({NAME})\(({args})\))(?:[ \t]*(?:{arrows})[^\r\n]*?)?[ \t]*({stop})"
    ))
}

/// Text with balanced parentheses; those in quotes do not count.
///
/// As in the grammar a quote opens where no letter or digit stands before it (`\B`) and closes where none stands
/// behind it. What cannot be read so is read with quotes as plain text, the last alternative.
fn arguments() -> String {
    let quoted = |q: char| format!(r"\B{q}(?:\\[^\r\n]|[^{q}\\\r\n]|{q}\b)*{q}\B");
    let plain = format!(r#"\\['"]|[^()'"\r\n]|{}|{}|['"]"#, quoted('"'), quoted('\''));
    let inner = (0..NESTING).fold(String::new(), |inner, _| match inner.as_str() {
        "" => format!(r"\((?:{plain})*\)"),
        inner => format!(r"\((?:{plain}|{inner})*\)"),
    });
    format!("(?:{plain}|{inner})*")
}
