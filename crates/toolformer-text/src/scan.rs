//! Reads one call, from its `(` on.

use std::ops::Range;

use crate::{Call, DiagnosticKind, Syntax, line_index::LineIndex};

/// A place where a call may stand: `[name(` has been read.
pub(crate) struct Candidate<'t> {
    /// The text that holds it.
    pub(crate) text: &'t str,
    /// Where its `[` stands.
    pub(crate) start: usize,
    /// Its name.
    pub(crate) name: Range<usize>,
    /// Where the line index begins; the line ends with the index.
    pub(crate) line_start: usize,
    /// Where the line ends.
    pub(crate) line_end: usize,
    /// False while more of the line may come.
    pub(crate) complete: bool,
}

/// What became of a candidate.
pub(crate) enum Scan {
    /// It is a call.
    Call(Call),
    /// The line ends (so far) before anything is decided.
    Pending,
    /// The line ends (so far) after the arrow at `arrow`.
    Awaits { args: Range<usize>, arrow: Range<usize> },
    /// It is no call: `at` is where that became clear.
    Malformed { kind: DiagnosticKind, at: usize },
}

/// What follows the arguments.
enum Tail {
    Close {
        end: usize,
    },
    Arrow(Range<usize>),
    /// Nothing, or the beginning of a marker.
    Partial,
    Other {
        at: usize,
    },
}

impl Candidate<'_> {
    /// Reads the candidate; `index` covers the rest of its line.
    pub(crate) fn scan(&self, index: &LineIndex<'_>, syntax: &Syntax) -> Scan {
        let args_start = self.name.end + 1;
        let from = args_start - self.line_start;
        let heeding_quotes = self.read(args_start, index.closing_paren(from), index, syntax);
        match heeding_quotes {
            // An arrow settles what the arguments are, whatever becomes of the result.
            Scan::Malformed { kind, .. } if kind != DiagnosticKind::UnclosedResult => {}
            settled => return settled,
        }
        match self.read(args_start, index.closing_paren_raw(from), index, syntax) {
            // Only a result left open is worth more than what went wrong first.
            Scan::Malformed { kind, .. } if kind != DiagnosticKind::UnclosedResult => heeding_quotes,
            read => read,
        }
    }

    /// Reads on, given where the arguments close (from the start of the line).
    fn read(&self, args_start: usize, paren: Option<usize>, index: &LineIndex<'_>, syntax: &Syntax) -> Scan {
        let Some(paren) = paren.map(|p| p + self.line_start) else {
            return self.line_ended(DiagnosticKind::UnclosedArguments);
        };
        let args = args_start..paren;
        match self.tail(paren + 1, index, syntax) {
            Tail::Close { end } => Scan::Call(self.call(args, None, end, None)),
            Tail::Arrow(arrow) => match index.closing_marker(arrow.end - self.line_start, syntax) {
                Some(close) => {
                    let close = close + self.line_start;
                    let result = self.text[arrow.end..close].trim();
                    let result = (!result.is_empty()).then(|| result.to_owned());
                    Scan::Call(self.call(args, Some(arrow), close + syntax.close().len(), result))
                }
                None if self.complete => self.line_ended(DiagnosticKind::UnclosedResult),
                None => Scan::Awaits { args, arrow },
            },
            Tail::Partial => self.line_ended(DiagnosticKind::UnclosedCall),
            Tail::Other { at } => Scan::Malformed { kind: DiagnosticKind::UnexpectedText, at },
        }
    }

    fn line_ended(&self, kind: DiagnosticKind) -> Scan {
        if self.complete { Scan::Malformed { kind, at: self.line_end } } else { Scan::Pending }
    }

    fn tail(&self, from: usize, index: &LineIndex<'_>, syntax: &Syntax) -> Tail {
        let at = self.line_start + index.after_spaces(from - self.line_start);
        let rest = &self.text[at..self.line_end];
        if rest.starts_with(syntax.close()) {
            return Tail::Close { end: at + syntax.close().len() };
        }
        if let Some(arrow) = syntax.arrows().find(|&arrow| rest.starts_with(arrow)) {
            return Tail::Arrow(at..at + arrow.len());
        }
        let begins_marker = || syntax.arrows().chain([syntax.close()]).any(|m| m.starts_with(rest));
        if rest.is_empty() || (!self.complete && begins_marker()) {
            Tail::Partial
        } else {
            Tail::Other { at }
        }
    }

    fn call(
        &self,
        args: Range<usize>,
        arrow_span: Option<Range<usize>>,
        end: usize,
        result: Option<String>,
    ) -> Call {
        Call {
            span: self.start..end,
            name: self.text[self.name.clone()].to_owned(),
            args: self.text[args.clone()].trim().to_owned(),
            result,
            args_span: args,
            arrow_span,
        }
    }
}
