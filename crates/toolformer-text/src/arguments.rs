//! The arguments of a call, one by one.

use std::{borrow::Cow, ops::Range};

use crate::quotes::QuoteMark;

/// Brackets that group, each opening one before its partner.
const BRACKETS: &[u8] = b"()[]{}";

/// One argument of a call, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument<'a> {
    /// The name before its `=`, if there is one.
    pub keyword: Option<&'a str>,
    /// The value, trimmed, quotes and all. Empty where two commas follow each other.
    pub value: &'a str,
    /// Where the argument stands in the arguments, keyword and all: a half-open byte range.
    pub span: Range<usize>,
}

impl<'a> Argument<'a> {
    /// The text of the value: of a string literal what is between its quotes, escapes resolved; of anything
    /// else what is written.
    pub fn text(&self) -> String {
        literal(self.value).unwrap_or_else(|| self.value.to_owned())
    }
}

/// Cuts the text between the parentheses of a call at its commas.
///
/// ```text
/// arguments = [ argument { "," argument } [ "," ] ]
/// argument  = [ keyword ws "=" ws ] value
/// value     = string | list | bare text
/// string    = "'" … "'" | '"' … '"'        escapes: \n \r \t \\ \' \"; other backslashes are text
/// ```
///
/// A comma inside a string, parentheses, square brackets or braces does not separate. Quote marks follow the
/// rule of the call grammar (see the crate's documentation): those in `don't` are text, and so is a mark
/// without a partner. Where brackets do not balance they are text too. Never fails; the time is linear.
///
/// ```
/// let arguments = toolformer_text::split_arguments("'Paris, France', days = [1, 2], don't");
/// let read: Vec<_> = arguments.iter().map(|a| (a.keyword, a.text())).collect();
/// assert_eq!(read, [(None, "Paris, France".into()), (Some("days"), "[1, 2]".into()), (None, "don't".into())]);
/// ```
pub fn split_arguments(args: &str) -> Vec<Argument<'_>> {
    if args.trim().is_empty() {
        return Vec::new();
    }
    let commas = commas(args, true).or_else(|| commas(args, false)).unwrap_or_default();
    let starts = std::iter::once(0).chain(commas.iter().map(|&comma| comma + 1));
    let ends = commas.iter().copied().chain([args.len()]);
    let mut arguments: Vec<_> = starts.zip(ends).map(|(start, end)| argument(args, start..end)).collect();
    if arguments.last().is_some_and(|last| last.keyword.is_none() && last.value.is_empty()) {
        arguments.pop();
    }
    arguments
}

/// The commas that separate; `None` if brackets are heeded but do not balance.
fn commas(args: &str, heed_brackets: bool) -> Option<Vec<usize>> {
    let bytes = args.as_bytes();
    let mut quotes = QuoteFinder::new(args);
    let (mut found, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        if let Some(end) = quotes.string_at(at) {
            at = end;
            continue;
        }
        match BRACKETS.iter().position(|&bracket| bracket == bytes[at]) {
            Some(opening) if heed_brackets && opening % 2 == 0 => open.push(BRACKETS[opening + 1]),
            Some(_) if heed_brackets && open.pop() != Some(bytes[at]) => return None,
            None if bytes[at] == b',' && open.is_empty() => found.push(at),
            _ => {}
        }
        at += 1;
    }
    open.is_empty().then_some(found)
}

fn argument(args: &str, span: Range<usize>) -> Argument<'_> {
    let text = &args[span.clone()];
    let start = span.start + (text.len() - text.trim_start().len());
    let text = text.trim();
    let span = start..start + text.len();
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name_end = text.bytes().position(|byte| !in_name(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let begins_like_a_name = !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    match rest.trim_start().strip_prefix('=') {
        Some(value) if begins_like_a_name && !value.starts_with('=') => {
            Argument { keyword: Some(name), value: value.trim(), span }
        }
        _ => Argument { keyword: None, value: text, span },
    }
}

/// Finds string literals from the left.
struct QuoteFinder<'a> {
    text: &'a str,
    /// From where on there is known to be no closing `'` and `"`.
    none_from: [usize; 2],
}

impl<'a> QuoteFinder<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, none_from: [usize::MAX; 2] }
    }

    /// The end of the literal that begins at byte `at`, if one does.
    fn string_at(&mut self, at: usize) -> Option<usize> {
        let mark = self.text.as_bytes()[at];
        let kind = match mark {
            b'\'' => 0,
            b'"' => 1,
            _ => return None,
        };
        if at >= self.none_from[kind] || !QuoteMark::opens_at(self.text, at) {
            return None;
        }
        let end = closing_quote(self.text, at);
        if end.is_none() {
            self.none_from[kind] = at;
        }
        end.map(|closing| closing + 1)
    }
}

/// The mark that closes the literal opened at `open`.
fn closing_quote(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let marks = (open + 1..bytes.len()).filter(|&at| bytes[at] == bytes[open]);
    marks.into_iter().find(|&at| QuoteMark::closes_at(text, at))
}

/// Arguments that are one text: trimmed, and if they are a string literal as a whole, what it says. Models write
/// both forms.
///
/// ```
/// use toolformer_text::unquoted;
/// assert_eq!(unquoted(" 'Paris, \\'France\\'' "), "Paris, 'France'");
/// assert_eq!(unquoted("\"a\" or \"b\""), "\"a\" or \"b\"");
/// ```
pub fn unquoted(args: &str) -> Cow<'_, str> {
    let args = args.trim();
    literal(args).map_or(Cow::Borrowed(args), Cow::Owned)
}

/// What a string literal says; `None` if `value` is not one literal as a whole.
pub(crate) fn literal(value: &str) -> Option<String> {
    if !value.starts_with(['\'', '"']) || closing_quote(value, 0) != Some(value.len() - 1) {
        return None;
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value[1..value.len() - 1].chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(mark @ ('\\' | '\'' | '"')) => out.push(mark),
            other => out.extend(std::iter::once('\\').chain(other)),
        }
    }
    Some(out)
}
