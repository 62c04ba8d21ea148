//! A text cut into plain pieces and calls.

use std::fmt;

use serde::Serialize;

use crate::{
    Call, Diagnostic, LineNumbers, Syntax,
    find::{Found, find_calls},
    work::Work,
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
    let (mut calls, mut diagnostics) = (Vec::new(), Vec::new());
    find_calls(text, 0, syntax, &mut Work::default(), |found| match found {
        Found::Call(call) => calls.push(call),
        Found::NotACall(diagnostic) => diagnostics.push(diagnostic),
    });
    Document { text, calls, diagnostics }
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

    /// Every diagnostic as [`Diagnostic::render`] shows it, in time linear in the text.
    pub fn rendered_diagnostics(&self) -> impl Iterator<Item = String> {
        let mut lines = LineNumbers::new(self.text);
        self.diagnostics
            .iter()
            .map(move |diagnostic| diagnostic.render_on(self.text, lines.of(diagnostic.span.start)))
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
