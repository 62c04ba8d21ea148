//! A text cut into plain pieces and calls.

use std::fmt;

use serde::Serialize;

use crate::{
    Call, Diagnostic, Syntax,
    line_index::LineIndex,
    scan::{Candidate, Scan},
};

/// A parsed text. Borrows the text it was made from.
///
/// Serialises as `{"calls":[..],"diagnostics":[..]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document<'t> {
    #[serde(skip)]
    text: &'t str,
    calls: Vec<Call>,
    diagnostics: Vec<Diagnostic>,
}

/// A piece of a [`Document`]; the pieces' texts, joined, are the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'d> {
    /// Text that is no call; never empty.
    Text(&'d str),
    /// A call.
    Call {
        /// What was read.
        call: &'d Call,
        /// How it is written.
        raw: &'d str,
    },
}

/// Finds the calls of `text`. Never fails: whatever is no call stays text, see [`Document::diagnostics`].
/// The grammar is in the crate's documentation. Time and memory are linear in the text.
pub fn parse<'t>(text: &'t str, syntax: &Syntax) -> Document<'t> {
    let mut document = Document { text, calls: Vec::new(), diagnostics: Vec::new() };
    let mut line: Option<Line<'t>> = None;
    let mut from = 0;
    while let Some((whole, name)) = next_start(text, from, syntax) {
        let line = match &mut line {
            Some(line) if whole.end <= line.end => line,
            old => old.insert(Line::new(text, whole.end)),
        };
        let candidate = Candidate {
            text,
            start: whole.start,
            name,
            line_start: line.start,
            line_end: line.end,
            complete: true,
        };
        from = match candidate.scan(&line.index, syntax) {
            Scan::Call(call) => {
                let end = call.span.end;
                document.calls.push(call);
                end
            }
            Scan::Malformed { kind, at } => {
                document.diagnostics.push(Diagnostic { span: whole.start..at, kind });
                whole.end
            }
            // Only a line that may go on leaves anything undecided.
            Scan::Pending | Scan::Awaits { .. } => whole.end,
        };
    }
    document
}

/// The next `[name(` at or after `from`, and its name.
fn next_start(
    text: &str,
    from: usize,
    syntax: &Syntax,
) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let found = syntax.start().find_at(text, from)?;
    let whole = found.range();
    let name = whole.start + syntax.bare_open().len()..whole.end - 1;
    Some((whole, name))
}

/// The line under work, from its first candidate on.
struct Line<'t> {
    start: usize,
    end: usize,
    index: LineIndex<'t>,
}

impl<'t> Line<'t> {
    fn new(text: &'t str, start: usize) -> Self {
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
        Self { start, end, index: LineIndex::new(&text[start..end], true) }
    }
}

impl<'t> Document<'t> {
    /// The text that was parsed.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The calls, in the order of the text. They do not overlap.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// What begins like a call but is none, in the order of the text.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Text and calls, in turn.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let text_end = self.text.len();
        let starts = self.calls.iter().map(|call| call.span.start).chain([text_end]);
        let ends = std::iter::once(0).chain(self.calls.iter().map(|call| call.span.end));
        let calls = self.calls.iter().map(Some).chain([None]);
        ends.zip(starts).zip(calls).flat_map(|((from, to), call)| {
            let text = Some(&self.text[from..to]).filter(|t| !t.is_empty()).map(Piece::Text);
            let call = call.map(|call| Piece::Call { call, raw: &self.text[call.span.clone()] });
            text.into_iter().chain(call)
        })
    }

    /// The text, byte for byte: the inverse of [`parse`].
    pub fn print(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| match piece {
            Piece::Text(text) | Piece::Call { raw: text, .. } => f.write_str(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many candidates share a line, each table is filled once.
    #[test]
    fn work_on_a_line_is_linear() {
        const SIZE: usize = 1_000_000;
        let repeated = |part: &str| part.repeat(SIZE / part.len());
        // Quotes hide the candidates from each other, so that all of them reach the same parenthesis.
        let shared = "'[a(1' ".repeat(SIZE / 14) + ")" + &" ".repeat(SIZE / 2) + "z";
        let texts = ["[a(", "[a('", "[a(x) -> [", "[a(\"b", "[a(x) y "].map(repeated);
        for text in texts.into_iter().chain([shared]) {
            let syntax = Syntax::default();
            let first = syntax.start().find(&text).unwrap();
            let line = Line::new(&text, first.end());
            let mut candidates = 0;
            for found in syntax.start().find_iter(&text) {
                let candidate = Candidate {
                    text: &text,
                    start: found.start(),
                    name: found.start() + 1..found.end() - 1,
                    line_start: line.start,
                    line_end: text.len(),
                    complete: true,
                };
                assert!(matches!(candidate.scan(&line.index, &syntax), Scan::Malformed { .. }));
                candidates += 1;
            }
            assert!(candidates >= SIZE / 16);
            assert!(line.index.work() <= 4 * text.len(), "{}", line.index.work());
            assert_eq!(parse(&text, &syntax).diagnostics().len(), candidates);
        }
    }
}
