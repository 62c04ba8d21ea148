//! Runs the calls of a text and writes their results into it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Call, CallError, Document, Registry, Syntax, call::as_pair, parse, sanitize_result};

/// What to do with a call that gives no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Leave it as it is.
    #[default]
    Leave,
    /// Remove it, with the space before it.
    Drop,
    /// Write the reason as its result: ` [Calculator(1 / 0) -> error: division by zero]`.
    Mark,
    /// Stop with an error.
    Fail,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallStatus {
    /// It ran and has a result.
    Ok,
    /// No tool has that name.
    UnknownTool,
    /// The tool could not make sense of the arguments.
    BadArguments,
    /// The tool failed.
    ToolError,
    /// The tool did not answer in time.
    TimedOut,
    /// The tool ran and found nothing.
    NoResult,
    /// It held a result already and was not run.
    AlreadyFilled,
}

/// A text with its results, and what became of each call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Invoked {
    /// The text: other bytes than those of the calls are those of the input.
    pub text: String,
    /// Every call of the input, in order.
    pub calls: Vec<InvokedCall>,
}

/// A call after [`invoke`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokedCall {
    /// Where it stands in the *new* text, from `[` to after `]`; empty if it was dropped.
    #[serde(serialize_with = "as_pair")]
    pub span: Range<usize>,
    /// The tool's name.
    pub name: String,
    /// The text between the parentheses, trimmed.
    pub args: String,
    /// Its result; `None` if there is none, whatever the policy wrote.
    pub result: Option<String>,
    /// What became of it.
    pub status: CallStatus,
    /// Why there is no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why [`invoke`] stopped; only under [`Policy::Fail`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// A call gave no result.
    #[error("the call at bytes {} to {} failed; mend it, or choose another policy", .span.start, .span.end)]
    Call {
        /// Where it stands in the input.
        span: Range<usize>,
        /// Why.
        source: CallError,
    },
}

/// Runs every call of `text` that has no result, in order, and fills its result in:
/// ` [Calculator(1 + 1)]` becomes ` [Calculator(1 + 1) -> 2]`. Every other byte stays as it is; calls that
/// hold a result are left alone.
///
/// Results are made safe with [`sanitize_result`]. Where one would still complete a quote or a parenthesis
/// that the text before it left open, so that the new text would parse into other calls, quotes and
/// parentheses in the results are replaced as well (`(` by `{`, `"` by `”`).
///
/// # Errors
/// Only under [`Policy::Fail`], at the first call that gives no result.
pub fn invoke(text: &str, tools: &Registry, syntax: &Syntax, policy: Policy) -> Result<Invoked, InvokeError> {
    let document = parse(text, syntax);
    let mut outcomes = Vec::with_capacity(document.calls().len());
    for call in document.calls() {
        let outcome = match &call.result {
            Some(_) => Outcome::AlreadyFilled,
            None => match tools.call(&call.name, &call.args) {
                // The registry made it safe for its own markers, which may be others.
                Ok(result) => Outcome::Result(sanitize_result(syntax, &result)),
                Err(source) if policy == Policy::Fail => {
                    return Err(InvokeError::Call { span: call.span.clone(), source });
                }
                Err(source) => Outcome::Failed(source),
            },
        };
        outcomes.push(outcome);
    }
    let invoked = weave(&document, &outcomes, syntax, policy);
    if invoked.calls_stand(syntax) {
        return Ok(invoked);
    }
    for outcome in &mut outcomes {
        if let Outcome::Result(result) = outcome {
            *result = inert(result);
        }
    }
    Ok(weave(&document, &outcomes, syntax, policy))
}

/// What came of one call.
enum Outcome {
    AlreadyFilled,
    Result(String),
    Failed(CallError),
}

/// Without anything that could pair with something outside.
fn inert(result: &str) -> String {
    let map = |c| match c {
        '(' => '{',
        ')' => '}',
        '\'' => '’',
        '"' => '”',
        other => other,
    };
    result.chars().map(map).collect()
}

impl Invoked {
    /// Whether the new text parses into the calls that it is said to hold.
    fn calls_stand(&self, syntax: &Syntax) -> bool {
        let found = parse(&self.text, syntax);
        let said = self.calls.iter().filter(|call| !call.span.is_empty());
        let said = said.map(|call| (&call.span, &call.name, &call.args));
        found.calls().iter().map(|call| (&call.span, &call.name, &call.args)).eq(said)
    }
}

fn weave(document: &Document<'_>, outcomes: &[Outcome], syntax: &Syntax, policy: Policy) -> Invoked {
    let mut out = Weaver { document, syntax, text: String::with_capacity(document.text().len()), from: 0 };
    let mut calls = Vec::with_capacity(outcomes.len());
    for (call, outcome) in document.calls().iter().zip(outcomes) {
        let (span, result, status, error) = match outcome {
            Outcome::AlreadyFilled => (out.keep(call), call.result.clone(), CallStatus::AlreadyFilled, None),
            Outcome::Result(result) => (out.fill(call, result), Some(result.clone()), CallStatus::Ok, None),
            Outcome::Failed(error) => {
                let reason = error.reason();
                let span = match policy {
                    Policy::Leave | Policy::Fail => out.keep(call),
                    Policy::Drop => out.drop(call),
                    Policy::Mark => {
                        out.fill(call, &inert(&sanitize_result(syntax, &format!("error: {reason}"))))
                    }
                };
                (span, None, error.status(), Some(reason))
            }
        };
        let (name, args) = (call.name.clone(), call.args.clone());
        calls.push(InvokedCall { span, name, args, result, status, error });
    }
    Invoked { text: out.finish(), calls }
}

/// Writes the new text, call by call.
struct Weaver<'d, 't> {
    document: &'d Document<'t>,
    syntax: &'d Syntax,
    text: String,
    /// Up to where the input has been copied.
    from: usize,
}

impl Weaver<'_, '_> {
    /// Copies the input up to `to`.
    fn copy(&mut self, to: usize) {
        self.text.push_str(&self.document.text()[self.from..to]);
        self.from = to;
    }

    fn keep(&mut self, call: &Call) -> Range<usize> {
        self.copy(call.span.start);
        let start = self.text.len();
        self.copy(call.span.end);
        start..self.text.len()
    }

    fn fill(&mut self, call: &Call, result: &str) -> Range<usize> {
        self.copy(call.span.start);
        let start = self.text.len();
        match &call.arrow_span {
            Some(arrow) => self.copy(arrow.end),
            None => {
                self.copy(call.args_span.end + 1);
                self.text.push(' ');
                self.text.push_str(self.syntax.arrow());
            }
        }
        self.text.push_str(&self.syntax.response(result));
        self.from = call.span.end;
        start..self.text.len()
    }

    fn drop(&mut self, call: &Call) -> Range<usize> {
        let (open, bare_open) = (self.syntax.open(), self.syntax.bare_open());
        let space = &open[..open.len() - bare_open.len()];
        let before = &self.document.text()[self.from..call.span.start];
        self.copy(call.span.start - if before.ends_with(space) { space.len() } else { 0 });
        self.from = call.span.end;
        self.text.len()..self.text.len()
    }

    fn finish(mut self) -> String {
        self.copy(self.document.text().len());
        self.text
    }
}
