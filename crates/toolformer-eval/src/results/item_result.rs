//! What became of one item.

use serde::{Deserialize, Serialize};
use toolformer_text::{CallStatus, InvokedCall};

/// What became of one item: a row of a file of results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemResult {
    /// The item's id.
    pub id: String,
    /// What the model went on from; of a text whose likelihood was taken, its beginning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What the model wrote after the prompt, calls and all.
    pub output: String,
    /// What was taken for its answer.
    pub prediction: String,
    /// Any of these is right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// Whether the prediction is right.
    pub correct: bool,
    /// The calls, in their order.
    pub calls: Vec<CallResult>,
    /// Calls that were begun and never became one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub malformed_calls: usize,
    /// Tokens read and written.
    pub tokens: TokenCounts,
    /// The item's category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The item's cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// How likely the text is, of tasks that ask for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// Why the model was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl ItemResult {
    /// Whether it is right, with its cluster.
    pub(super) fn outcome(&self) -> (Option<&str>, bool) {
        (self.cluster.as_deref(), self.correct)
    }

    /// Whether a call was begun.
    pub fn has_call(&self) -> bool {
        !self.calls.is_empty() || self.malformed_calls > 0
    }
}

/// How likely a text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// Negative log-likelihood of all predicted tokens, in nats.
    pub nats: f64,
    /// Tokens that were predicted.
    pub tokens: usize,
}

/// A call and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallResult {
    /// The tool's name, as it was written.
    pub tool: String,
    /// The text between the parentheses.
    pub args: String,
    /// What the tool answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What became of it.
    pub status: CallStatus,
    /// Why there is no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Tokens of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Of the prompt.
    pub prompt: usize,
    /// Behind it, results of calls with them.
    pub completion: usize,
}

impl CallResult {
    /// Whether there is such a tool and its arguments could be read.
    pub fn is_valid(&self) -> bool {
        !matches!(self.status, CallStatus::UnknownTool | CallStatus::BadArguments)
    }

    /// Whether the tool answered.
    pub fn is_executed(&self) -> bool {
        matches!(self.status, CallStatus::Ok | CallStatus::AlreadyFilled)
    }
}

impl From<&InvokedCall> for CallResult {
    fn from(call: &InvokedCall) -> Self {
        let InvokedCall { name, args, result, status, error, .. } = call;
        Self {
            tool: name.clone(),
            args: args.clone(),
            result: result.clone(),
            status: *status,
            error: error.clone(),
        }
    }
}
