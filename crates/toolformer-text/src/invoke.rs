//! Runs the calls of a text and writes their results into it.

mod fill;
mod policy;
mod run;
mod stream;

use std::{num::NonZeroUsize, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{CallError, Document, LineNumbers, Registry, Syntax, call::as_pair, parse, sanitize_result};

pub use policy::{Policies, Policy};
pub use stream::InvokeStreamError;

pub(crate) use fill::inert;

use fill::{Outcome, fill};

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
    /// The line that it stands in, from 1; the same in the old text and the new.
    pub line: usize,
    /// Why there is no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why invoking stopped; only under [`Policy::Fail`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// A call gave no result.
    #[error(
        "line {line}: the call at bytes {} to {} failed; mend it, or choose another policy",
        .span.start, .span.end
    )]
    Call {
        /// Where it stands in the input.
        span: Range<usize>,
        /// The line that it stands in, from 1.
        line: usize,
        /// Why.
        source: CallError,
    },
}

/// Runs the calls of texts and writes their results into them.
///
/// ```
/// use std::num::NonZeroUsize;
/// use toolformer_text::{Invoker, Policy, Registry, Syntax, TypedTool};
///
/// let mut tools = Registry::new();
/// tools.insert(TypedTool::new("Add", "a sum", ["a", "b"], |a: i64, b: i64| a + b))?;
/// let syntax = Syntax::default();
/// let invoker = Invoker::new(&tools, &syntax).policy(Policy::Drop).jobs(NonZeroUsize::MIN);
/// let invoked = invoker.text("It is [Add(1, 2)], or so [Add(1, x)].")?;
/// assert_eq!(invoked.text, "It is [Add(1, 2) -> 3], or so.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Invoker<'a> {
    tools: &'a Registry,
    syntax: &'a Syntax,
    policies: Policies,
    jobs: NonZeroUsize,
}

impl<'a> Invoker<'a> {
    /// Leaves calls without a result as they are, and runs one at a time.
    pub fn new(tools: &'a Registry, syntax: &'a Syntax) -> Self {
        Self { tools, syntax, policies: Policies::default(), jobs: NonZeroUsize::MIN }
    }

    /// What to do with a call that gives no result: one [`Policy`] for all, or [`Policies`] by the reason.
    #[must_use]
    pub fn policy(self, policy: impl Into<Policies>) -> Self {
        Self { policies: policy.into(), ..self }
    }

    /// How many calls may run at a time. The outcome is the same for any number.
    #[must_use]
    pub fn jobs(self, jobs: NonZeroUsize) -> Self {
        Self { jobs, ..self }
    }

    /// Runs every call of `text` that has no result, and fills its result in: ` [Calculator(1 + 1)]` becomes
    /// ` [Calculator(1 + 1) -> 2]`. Every other byte stays as it is; calls that hold a result are left alone.
    /// Where the registry has a cache, calls that are written alike run once.
    ///
    /// Results are made safe with [`sanitize_result`]. Where one would still complete a quote or a parenthesis
    /// that the text before it left open, so that the new line would parse into other calls, quotes and
    /// parentheses in the results of that line are replaced as well (`(` by `{`, `"` by `”`).
    ///
    /// # Errors
    /// Only under [`Policy::Fail`]: the first call in the text that gives no result. Calls after it may have
    /// run where several run at a time.
    pub fn text(&self, text: &str) -> Result<Invoked, InvokeError> {
        let document = parse(text, self.syntax);
        let outcomes = self.run(document.calls());
        self.finish(&document, outcomes)
    }

    /// As [`Invoker::text`], without blocking; see [`Registry::call_async`].
    ///
    /// # Errors
    /// As [`Invoker::text`].
    pub async fn text_async(&self, text: &str) -> Result<Invoked, InvokeError> {
        let document = parse(text, self.syntax);
        let outcomes = self.run_async(document.calls()).await;
        self.finish(&document, outcomes)
    }

    /// Writes the outcomes of calls into the text. They may be fewer than the calls if one failed.
    fn finish(
        &self,
        document: &Document<'_>,
        outcomes: Vec<Option<Result<String, CallError>>>,
    ) -> Result<Invoked, InvokeError> {
        let mut ready = Vec::with_capacity(outcomes.len());
        for (call, outcome) in document.calls().iter().zip(outcomes) {
            ready.push(match outcome {
                None => Outcome::AlreadyFilled,
                // The registry made it safe for its own markers, which may be others.
                Some(Ok(result)) => Outcome::Result(sanitize_result(self.syntax, &result)),
                Some(Err(source)) if self.policies.of(source.status()) == Policy::Fail => {
                    let (line, _) = LineNumbers::new(document.text()).of(call.span.start);
                    return Err(InvokeError::Call { span: call.span.clone(), line, source });
                }
                Some(Err(source)) => Outcome::Failed(source),
            });
        }
        Ok(fill(document, ready, self.syntax, &self.policies))
    }
}

/// [`Invoker::text`] with one call at a time.
///
/// # Errors
/// As [`Invoker::text`].
pub fn invoke(
    text: &str,
    tools: &Registry,
    syntax: &Syntax,
    policy: impl Into<Policies>,
) -> Result<Invoked, InvokeError> {
    Invoker::new(tools, syntax).policy(policy).text(text)
}
