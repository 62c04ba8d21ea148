//! Where brackets close, for every position of a line at once.
//!
//! Reading each candidate on its own would take quadratic time on `[a([a([a(`, where every candidate runs to
//! the end of the line. What follows a position does not depend on which candidate asks, so one pass from the
//! right answers all of them.

use std::cell::OnceCell;

use crate::{Syntax, quotes::QuoteMark};

/// "There is none", in the tables below.
const NONE: usize = usize::MAX;

/// The brackets of one line, or of what is left of it. Positions are bytes from its start.
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    quoted_parens: OnceCell<Vec<usize>>,
    raw_parens: OnceCell<Vec<usize>>,
    markers: OnceCell<Vec<usize>>,
    spaces: OnceCell<Vec<usize>>,
}

impl<'t> LineIndex<'t> {
    /// `text` ends where its line ends.
    pub(crate) fn new(text: &'t str) -> Self {
        let empty = OnceCell::new;
        Self { text, quoted_parens: empty(), raw_parens: empty(), markers: empty(), spaces: empty() }
    }

    /// The first `)` at or after `from` that closes nothing there, heeding quotes.
    pub(crate) fn closing_paren(&self, from: usize) -> Option<usize> {
        let table = self.quoted_parens.get_or_init(|| {
            let mut quotes = Quotes { text: self.text, next: [NONE; 2] };
            unmatched(self.text, "(", ")", |at| quotes.behind(at))
        });
        found(table, from)
    }

    /// The same without heeding quotes.
    pub(crate) fn closing_paren_raw(&self, from: usize) -> Option<usize> {
        let table = self.raw_parens.get_or_init(|| unmatched(self.text, "(", ")", |at| at + 1));
        found(table, from)
    }

    /// The first close marker at or after `from` that closes nothing there.
    pub(crate) fn closing_marker(&self, from: usize, syntax: &Syntax) -> Option<usize> {
        let (open, close) = (syntax.bare_open(), syntax.close());
        let table = self.markers.get_or_init(|| unmatched(self.text, open, close, |at| at + 1));
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
    pub(crate) fn work(&self) -> usize {
        let tables = [&self.quoted_parens, &self.raw_parens, &self.markers, &self.spaces];
        tables.iter().filter_map(|t| t.get()).map(Vec::len).sum()
    }
}

fn found(table: &[usize], from: usize) -> Option<usize> {
    table.get(from).copied().filter(|&at| at != NONE)
}

/// For every byte position, the first `close` at or after it that closes no `open` from there on. `behind` is
/// asked once for each byte, from the last to the first, where to go on if it is no bracket.
fn unmatched(text: &str, open: &str, close: &str, mut behind: impl FnMut(usize) -> usize) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut first = vec![NONE; bytes.len() + 1];
    for at in (0..bytes.len()).rev() {
        let next = behind(at);
        first[at] = if bytes[at..].starts_with(close.as_bytes()) {
            at
        } else if bytes[at..].starts_with(open.as_bytes()) {
            match first[at + open.len()] {
                NONE => NONE,
                partner => first[partner + close.len()],
            }
        } else {
            first[next]
        };
    }
    first
}

/// Walks over the quote marks of a line from the right.
struct Quotes<'t> {
    text: &'t str,
    /// The nearest closing `'` and `"` to the right.
    next: [usize; 2],
}

impl Quotes<'_> {
    /// Where to go on behind the byte at `at`: behind the quotation that it opens, if it does.
    fn behind(&mut self, at: usize) -> usize {
        // Bytes of a longer character are never a quote mark.
        let next = match self.text.as_bytes()[at] {
            b'\'' => &mut self.next[0],
            b'"' => &mut self.next[1],
            _ => return at + 1,
        };
        let Some(mark) = QuoteMark::at(self.text, at) else { return at + 1 };
        let partner = *next;
        if mark.closes {
            *next = at;
        }
        if mark.opens && partner != NONE { partner + 1 } else { at + 1 }
    }
}
