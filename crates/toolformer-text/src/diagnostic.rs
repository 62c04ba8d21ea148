//! What looked like a call and is none.

use std::{fmt, ops::Range};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::call::as_pair;

/// At most so many characters of a line are shown.
const SHOWN: usize = 96;
/// So many of them before the place in question.
const SHOWN_BEFORE: usize = 32;

/// A piece of text that begins like a call but is none; it stays text.
///
/// Serialises as `{"span":[s,e],"kind":"unclosed_arguments","message":".."}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// From the `[` to where it became clear that this is no call: a half-open byte range.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: DiagnosticKind,
}

/// Why a piece of text is no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// No name and `(` follow the `[`. Only reported by [`Syntax::progress`](crate::Syntax::progress): in a
    /// finished text such a bracket is just a bracket.
    NotAName,
    /// The `(` is not closed on its line.
    UnclosedArguments,
    /// The line ends after the `)`.
    UnclosedCall,
    /// Something else than an arrow or a `]` follows the `)`.
    UnexpectedText,
    /// The result is not closed on its line.
    UnclosedResult,
}

impl DiagnosticKind {
    /// What is wrong, in a few words.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotAName => "a bracket without a tool's name and `(`",
            Self::UnclosedArguments => "the arguments of this call are not closed on its line",
            Self::UnclosedCall => "this call is not closed on its line",
            Self::UnexpectedText => "unexpected text after the arguments of this call",
            Self::UnclosedResult => "the result of this call is not closed on its line",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NotAName => "write the name at once after the bracket, and `(` at once after the name",
            Self::UnclosedArguments => {
                "add the `)` that matches the first `(`; put a lone parenthesis into quotes; \
                 a call may not span lines"
            }
            Self::UnclosedCall => "add the closing marker",
            Self::UnexpectedText => "close the call, or write an arrow before its result",
            Self::UnclosedResult => "add the closing marker; brackets inside a result must be balanced",
        }
    }
}

impl fmt::Display for DiagnosticKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message(), self.advice())
    }
}

impl Diagnostic {
    /// What is wrong and what to do, in one line.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// The message with the line it is about and a caret under the place; `text` is the text that was parsed.
    ///
    /// ```
    /// use toolformer_text::{Syntax, parse};
    /// let text = "one\ntwo [Calculator(1 + 1] three";
    /// let shown = parse(text, &Syntax::default()).diagnostics()[0].render(text);
    /// assert!(shown.contains("2 | two [Calculator(1 + 1] three\n  |     ^^^^"));
    /// ```
    pub fn render(&self, text: &str) -> String {
        let mut lines = crate::LineNumbers::new(text);
        self.render_on(text, lines.of(self.span.start))
    }

    /// The same, given the number of the line and where it starts.
    pub(crate) fn render_on(&self, text: &str, (number, line_start): (usize, usize)) -> String {
        let start = self.span.start.min(text.len());
        let start = if text.is_char_boundary(start) { start } else { line_start };
        let before = &text[line_start..start];
        // However long the line is, only what is shown is looked at.
        let shown_before =
            before.char_indices().rev().take(SHOWN_BEFORE).last().map_or(before, |(at, _)| &before[at..]);
        let column = shown_before.chars().count();
        let mut rest = text[start..].chars().take_while(|c| !matches!(c, '\n' | '\r'));
        let shown_rest: String = rest.by_ref().take(SHOWN - column).collect();
        let cut_left = if shown_before.len() < before.len() { "…" } else { "" };
        let cut_right = if rest.next().is_some() { "…" } else { "" };
        let marked = text.get(self.span.clone()).unwrap_or_default();
        let carets = "^".repeat(marked.chars().take(SHOWN - column).count().max(1));
        let indent = " ".repeat(column + cut_left.chars().count());
        let number = number.to_string();
        let gutter = " ".repeat(number.len());
        let (message, advice) = (self.kind.message(), self.kind.advice());
        format!(
            "{message}\n{gutter} |\n{number} | {cut_left}{shown_before}{shown_rest}{cut_right}\n{gutter} | {indent}{carets}\n{gutter} = {advice}\n"
        )
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {} to {}: {}", self.span.start, self.span.end, self.kind)
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// A range written as a pair.
        #[derive(Serialize)]
        struct Span<'a>(#[serde(serialize_with = "as_pair")] &'a Range<usize>);

        let mut out = serializer.serialize_struct("Diagnostic", 3)?;
        out.serialize_field("span", &Span(&self.span))?;
        out.serialize_field("kind", &self.kind)?;
        out.serialize_field("message", &self.message())?;
        out.end()
    }
}
