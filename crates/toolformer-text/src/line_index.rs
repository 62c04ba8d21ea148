//! Where brackets close, for every position of a line at once.
//!
//! Reading each candidate on its own would take quadratic time on `[a([a([a(`, where every candidate runs to
//! the end of the line. What follows a position does not depend on which candidate asks, so one pass from the
//! right answers all of them.

use std::cell::OnceCell;

use crate::Syntax;

/// "There is none", in the tables below.
const NONE: usize = usize::MAX;

/// The brackets of one line, or of what is left of it. Positions are bytes from its start.
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    /// False while more of the line may come.
    complete: bool,
    quoted_parens: OnceCell<Vec<usize>>,
    raw_parens: OnceCell<Vec<usize>>,
    markers: OnceCell<Vec<usize>>,
    spaces: OnceCell<Vec<usize>>,
}

impl<'t> LineIndex<'t> {
    pub(crate) fn new(text: &'t str, complete: bool) -> Self {
        let empty = OnceCell::new;
        Self {
            text,
            complete,
            quoted_parens: empty(),
            raw_parens: empty(),
            markers: empty(),
            spaces: empty(),
        }
    }

    /// The first `)` at or after `from` that closes nothing there, heeding quotes. On an incomplete line a
    /// quote without its partner hides all that follows.
    pub(crate) fn closing_paren(&self, from: usize) -> Option<usize> {
        let table = self.quoted_parens.get_or_init(|| {
            let mut quotes = Quotes { text: self.text, complete: self.complete, next: [NONE; 2] };
            unmatched(self.text, "(", ")", |at| quotes.step(at))
        });
        found(table, from)
    }

    /// The same without heeding quotes.
    pub(crate) fn closing_paren_raw(&self, from: usize) -> Option<usize> {
        let table = self.raw_parens.get_or_init(|| unmatched(self.text, "(", ")", |_| Step::Next));
        found(table, from)
    }

    /// The first close marker at or after `from` that closes nothing there.
    pub(crate) fn closing_marker(&self, from: usize, syntax: &Syntax) -> Option<usize> {
        let (open, close) = (syntax.bare_open(), syntax.close());
        let table = self.markers.get_or_init(|| unmatched(self.text, open, close, |_| Step::Next));
        found(table, from)
    }

    /// The first byte at or after `from` that is no space or tab; the line's length if there is none.
    pub(crate) fn after_spaces(&self, from: usize) -> usize {
        let table = self.spaces.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut after: Vec<usize> = (0..=bytes.len()).collect();
            for at in (0..bytes.len()).rev().filter(|&at| matches!(bytes[at], b' ' | b'\t')) {
                after[at] = after[at + 1];
            }
            after
        });
        table.get(from).copied().unwrap_or(self.text.len())
    }

    /// How many table entries were filled: the work done.
    #[cfg(test)]
    pub(crate) fn work(&self) -> usize {
        let tables = [&self.quoted_parens, &self.raw_parens, &self.markers, &self.spaces];
        tables.iter().filter_map(|t| t.get()).map(Vec::len).sum()
    }
}

fn found(table: &[usize], from: usize) -> Option<usize> {
    table.get(from).copied().filter(|&at| at != NONE)
}

/// What to do at a byte that is no bracket.
enum Step {
    /// Go on with the next byte.
    Next,
    /// Go on there.
    Jump(usize),
    /// Nothing can be said about what follows.
    Stop,
}

/// For every byte position, the first `close` at or after it that closes no `open` from there on. `step` is
/// asked once for each byte, from the last to the first.
fn unmatched(text: &str, open: &str, close: &str, mut step: impl FnMut(usize) -> Step) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut first = vec![NONE; bytes.len() + 1];
    for at in (0..bytes.len()).rev() {
        let next = step(at);
        first[at] = if bytes[at..].starts_with(close.as_bytes()) {
            at
        } else if bytes[at..].starts_with(open.as_bytes()) {
            match first[at + open.len()] {
                NONE => NONE,
                partner => first[partner + close.len()],
            }
        } else {
            match next {
                Step::Next => first[at + 1],
                Step::Jump(to) => first[to],
                Step::Stop => NONE,
            }
        };
    }
    first
}

/// Walks over the quote marks of a line from the right.
struct Quotes<'t> {
    text: &'t str,
    complete: bool,
    /// The nearest closing `'` and `"` to the right.
    next: [usize; 2],
}

impl Quotes<'_> {
    fn step(&mut self, at: usize) -> Step {
        // Bytes of a longer character are never a quote mark.
        let kind = match self.text.as_bytes()[at] {
            b'\'' => 0,
            b'"' => 1,
            _ => return Step::Next,
        };
        let (before, after) = (&self.text[..at], &self.text[at + 1..]);
        if backslashes(before) % 2 == 1 {
            return Step::Next;
        }
        let in_word = |c: char| if kind == 0 { c.is_alphanumeric() } else { c.is_ascii_alphanumeric() };
        let partner = self.next[kind];
        if !after.starts_with(in_word) {
            self.next[kind] = at;
        }
        if before.ends_with(in_word) {
            Step::Next
        } else if partner != NONE {
            Step::Jump(partner + 1)
        } else if self.complete {
            Step::Next
        } else {
            Step::Stop
        }
    }
}

/// How many backslashes `text` ends with.
fn backslashes(text: &str) -> usize {
    text.len() - text.trim_end_matches('\\').len()
}
