//! Parameters between a call's parentheses.

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// `1`, `-7`
    Int(i64),
    /// `1.5`, `.5`, `1e3`; also an integer that is too large for [`Param::Int`].
    Float(f64),
    /// `True`, `false`
    Bool(bool),
    /// `'text'`, `"text"`, or whatever else stands there.
    Str(String),
}

/// Reads one parameter. Never fails: what is nothing else is a string.
///
/// - A string in quotes comes without them, and `\'`, `\"` and `\\` in it without the backslash.
/// - `True`, `true`, `False` and `false` are booleans.
/// - A number that no `f64` holds is left as text.
///
/// ```
/// use toolformer_text::lucidrains::{Param, parse_param};
/// assert_eq!(parse_param("'a, b'"), Param::Str("a, b".into()));
/// assert_eq!(parse_param(" .5 "), Param::Float(0.5));
/// assert_eq!(parse_param("27 + 4"), Param::Str("27 + 4".into()));
/// ```
pub fn parse_param(text: &str) -> Param {
    let text = text.trim();
    if let Some(quoted) = unquoted(text) {
        return Param::Str(quoted);
    }
    match text {
        "True" | "true" => return Param::Bool(true),
        "False" | "false" => return Param::Bool(false),
        _ => {}
    }
    // Rust would also read `inf` and `nan`.
    if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
        if let Ok(int) = text.parse() {
            return Param::Int(int);
        }
        if let Some(float) = text.parse().ok().filter(|float: &f64| float.is_finite()) {
            return Param::Float(float);
        }
    }
    Param::Str(text.to_owned())
}

/// The parameters of a call. Commas separate them, except in quotes and in brackets; what is empty, as behind a
/// trailing comma, is no parameter. Quotes are told from apostrophes as in the crate's grammar.
///
/// ```
/// use toolformer_text::lucidrains::{Param, parse_params};
/// assert_eq!(parse_params("1, 'a, b',"), [Param::Int(1), Param::Str("a, b".into())]);
/// ```
pub fn parse_params(args: &str) -> Vec<Param> {
    let (mut params, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    // A kind of quote that closes nowhere behind one place closes nowhere behind a later one.
    let mut unclosed = Vec::new();
    let (mut at, mut before) = (0, None);
    let mut push = |text: &str| {
        if !text.trim().is_empty() {
            params.push(parse_param(text));
        }
    };
    while let Some(c) = args[at..].chars().next() {
        match c {
            c if "([{".contains(c) => depth += 1,
            c if ")]}".contains(c) => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                push(&args[start..at]);
                start = at + 1;
            }
            '\'' | '"' if before != Some('\\') && !in_word(before) && !unclosed.contains(&c) => {
                match closing_quote(args, at + 1, c) {
                    Some(close) => at = close,
                    None => unclosed.push(c),
                }
            }
            _ => {}
        }
        at += c.len_utf8();
        before = Some(c);
    }
    push(&args[start..]);
    params
}

fn in_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Where the quote that opened before `from` closes.
fn closing_quote(text: &str, from: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    text[from..].char_indices().map(|(at, c)| (from + at, c)).find_map(|(at, c)| {
        let closes = c == quote && !escaped && !in_word(text[at + 1..].chars().next());
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// What stands in the one pair of quotes that `text` stands in.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| "'\"".contains(*c))?;
    if closing_quote(text, 1, quote)? + 1 != text.len() {
        return None;
    }
    let (mut inner, mut escaped) = (String::with_capacity(text.len()), false);
    for c in text[1..text.len() - 1].chars() {
        if escaped && !"'\"\\".contains(c) {
            inner.push('\\');
        }
        escaped = c == '\\' && !escaped;
        if !escaped {
            inner.push(c);
        }
    }
    Some(inner)
}
