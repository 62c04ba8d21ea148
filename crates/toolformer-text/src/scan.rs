//! Reads one call of a whole line by the tables of that line.

use std::ops::Range;

use crate::{
    DiagnosticKind, Syntax, call::CallParts, line_index::LineIndex, reader::Reading, start::Start, tail::Tail,
};

/// A place in a whole line where a call may stand.
struct Candidate<'t> {
    /// From its open marker to the end of the line; positions below count from here.
    text: &'t str,
    /// Where that is in the index.
    offset: usize,
    name: Range<usize>,
}

/// Reads the call that may stand at `start` of `line`, with `index` over the same line.
pub(crate) fn scan(line: &str, start: Start, index: &LineIndex<'_>, syntax: &Syntax) -> Reading {
    let name = syntax.bare_open().len()..start.name_end - start.at;
    let candidate = Candidate { text: &line[start.at..], offset: start.at, name };
    let from = start.name_end + 1;
    let heeding_quotes = candidate.read(index.closing_paren(from), index, syntax);
    match heeding_quotes {
        // An arrow settles what the arguments are, whatever becomes of the result.
        Reading::NotACall { kind, .. } if kind != DiagnosticKind::UnclosedResult => {}
        settled => return settled,
    }
    match candidate.read(index.closing_paren_raw(from), index, syntax) {
        // Only a result left open is worth more than what went wrong first.
        Reading::NotACall { kind, .. } if kind != DiagnosticKind::UnclosedResult => heeding_quotes,
        read => read,
    }
}

impl Candidate<'_> {
    /// Reads on, given where in the index the arguments close.
    fn read(&self, paren: Option<usize>, index: &LineIndex<'_>, syntax: &Syntax) -> Reading {
        let not_a_call = |kind, at| Reading::NotACall { kind, at };
        let line_end = self.text.len();
        let Some(paren) = paren.map(|at| at - self.offset) else {
            return not_a_call(DiagnosticKind::UnclosedArguments, line_end);
        };
        let call = |arrow, close| {
            let (name, args) = (self.name.clone(), self.name.end + 1..paren);
            Reading::Call(CallParts { name, args, arrow, close, end: close + syntax.close().len() })
        };
        let at = index.after_spaces(self.offset + paren + 1) - self.offset;
        match syntax.tail(&self.text[at..]) {
            Tail::Close => call(None, at),
            Tail::Arrow(length) => {
                let arrow = at..at + length;
                match index.closing_marker(self.offset + arrow.end, syntax) {
                    Some(close) => call(Some(arrow), close - self.offset),
                    None => not_a_call(DiagnosticKind::UnclosedResult, line_end),
                }
            }
            Tail::Partial if at == line_end => not_a_call(DiagnosticKind::UnclosedCall, line_end),
            Tail::Partial | Tail::Other => not_a_call(DiagnosticKind::UnexpectedText, at),
        }
    }
}
