//! Writes results into a text.

use std::ops::Range;

use super::{CallStatus, Invoked, InvokedCall, Policies, Policy};
use crate::{Call, CallError, Document, LineNumbers, Syntax, marked_failure, parse};

/// What came of one call.
pub(super) enum Outcome {
    AlreadyFilled,
    Result(String),
    Failed(CallError),
}

/// The text with the outcomes of its calls.
pub(super) fn fill(
    document: &Document<'_>,
    mut outcomes: Vec<Outcome>,
    syntax: &Syntax,
    policies: &Policies,
) -> Invoked {
    let text = document.text();
    let out = String::with_capacity(text.len());
    let mut out = Writer { text, syntax, policies, lines: LineNumbers::new(text), from: 0, out };
    let (mut invoked, mut first) = (Vec::with_capacity(outcomes.len()), 0);
    // Nothing pairs across lines, so each is checked alone.
    while let Some(call) = document.calls().get(first) {
        let line_end = text[call.span.end..].find(['\n', '\r']).map_or(text.len(), |n| call.span.end + n);
        let calls = &document.calls()[first..];
        let calls = &calls[..calls.partition_point(|call| call.span.start < line_end)];
        let outcomes = &mut outcomes[first..first + calls.len()];
        first += calls.len();
        out.copy(line_start(text, call.span.start));
        let before = (out.from, out.out.len());
        let mut on_line = out.line(calls, outcomes, line_end, Care::Least);
        for care in [Care::More, Care::Most] {
            if stands(&out.out[before.1..], before.1, &on_line, syntax) {
                break;
            }
            for outcome in &mut *outcomes {
                if let Outcome::Result(result) = outcome {
                    *result = inert(result);
                }
            }
            out.from = before.0;
            out.out.truncate(before.1);
            on_line = out.line(calls, outcomes, line_end, care);
        }
        invoked.append(&mut on_line);
    }
    out.copy(text.len());
    Invoked { text: out.out, calls: invoked }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |newline| newline + 1)
}

/// Without anything that could pair with something outside.
pub(crate) fn inert(result: &str) -> String {
    let map = |c| match c {
        '(' => '{',
        ')' => '}',
        '\'' => '’',
        '"' => '”',
        other => other,
    };
    result.chars().map(map).collect()
}

/// Whether a line, which begins at `start` of the new text, parses into the calls that it is said to hold.
fn stands(line: &str, start: usize, said: &[InvokedCall], syntax: &Syntax) -> bool {
    let found = parse(line, syntax);
    let found = found.calls().iter().map(|call| (call.span.start + start, call.span.end + start, call));
    let found = found.map(|(start, end, call)| (start..end, &call.name, &call.args));
    let said = said.iter().filter(|call| !call.span.is_empty());
    found.eq(said.map(|call| (call.span.clone(), &call.name, &call.args)))
}

/// What is avoided in a line, so that it parses into the calls that it is said to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Nothing.
    Least,
    /// Quotes and parentheses in results.
    More,
    /// Also that what stood around a dropped call joins into another: it is left in its place.
    Most,
}

/// Writes the new text, call by call.
struct Writer<'d> {
    text: &'d str,
    syntax: &'d Syntax,
    policies: &'d Policies,
    lines: LineNumbers<'d>,
    /// Up to where the input has been copied.
    from: usize,
    out: String,
}

impl Writer<'_> {
    /// Copies the input up to `to`.
    fn copy(&mut self, to: usize) {
        self.out.push_str(&self.text[self.from..to]);
        self.from = to;
    }

    /// Writes a line, from where the input has been copied to `end`.
    fn line(&mut self, calls: &[Call], outcomes: &[Outcome], end: usize, care: Care) -> Vec<InvokedCall> {
        let mut invoked = Vec::with_capacity(calls.len());
        for (call, outcome) in calls.iter().zip(outcomes) {
            let (span, result, status, error) = match outcome {
                Outcome::AlreadyFilled => {
                    (self.keep(call), call.result.clone(), CallStatus::AlreadyFilled, None)
                }
                Outcome::Result(result) => {
                    (self.fill(call, result), Some(result.clone()), CallStatus::Ok, None)
                }
                Outcome::Failed(error) => {
                    let reason = error.reason();
                    let span = match self.policies.of(error.status()) {
                        Policy::Leave | Policy::Fail => self.keep(call),
                        Policy::Drop if care == Care::Most => self.keep(call),
                        Policy::Drop => self.drop(call),
                        Policy::Mark => self.fill(call, &marked_failure(self.syntax, error)),
                    };
                    (span, None, error.status(), Some(reason))
                }
            };
            let (name, args) = (call.name.clone(), call.args.clone());
            let (line, _) = self.lines.of(call.span.start);
            invoked.push(InvokedCall { span, name, args, result, status, line, error });
        }
        self.copy(end);
        invoked
    }

    fn keep(&mut self, call: &Call) -> Range<usize> {
        self.copy(call.span.start);
        let start = self.out.len();
        self.copy(call.span.end);
        start..self.out.len()
    }

    fn fill(&mut self, call: &Call, result: &str) -> Range<usize> {
        self.copy(call.span.start);
        let start = self.out.len();
        match &call.arrow_span {
            Some(arrow) => self.copy(arrow.end),
            None => {
                self.copy(call.args_span.end + 1);
                self.out.push(' ');
                self.out.push_str(self.syntax.arrow());
            }
        }
        self.out.push_str(&self.syntax.response(result));
        self.from = call.span.end;
        start..self.out.len()
    }

    fn drop(&mut self, call: &Call) -> Range<usize> {
        let space = self.syntax.space();
        let before = &self.text[self.from..call.span.start];
        self.copy(call.span.start - if before.ends_with(space) { space.len() } else { 0 });
        self.from = call.span.end;
        self.out.len()..self.out.len()
    }
}
