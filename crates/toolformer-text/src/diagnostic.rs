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
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        // "\r\n" is one line break, a lone "\r" as well.
        let breaks = before.matches('\n').count() + before.matches('\r').count();
        let number = (1 + breaks - before.matches("\r\n").count()).to_string();
        let line = text[line_start..].split(['\n', '\r']).next().unwrap_or_default();
        let column = before[line_start..].chars().count();
        let marked = text.get(self.span.clone()).unwrap_or_default().chars().count().max(1);

        let skipped = column.saturating_sub(SHOWN_BEFORE);
        let shown: String = line.chars().skip(skipped).take(SHOWN).collect();
        let cut_left = if skipped > 0 { "…" } else { "" };
        let cut_right = if line.chars().count() > skipped + SHOWN { "…" } else { "" };
        let indent = " ".repeat(column - skipped + cut_left.chars().count());
        let carets = "^".repeat(marked.min(SHOWN - (column - skipped)));
        let gutter = " ".repeat(number.len());
        let (message, advice) = (self.kind.message(), self.kind.advice());
        format!(
            "{message}\n{gutter} |\n{number} | {cut_left}{shown}{cut_right}\n{gutter} | {indent}{carets}\n{gutter} = {advice}\n"
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
