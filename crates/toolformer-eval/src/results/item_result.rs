//! What became of one item.

use serde::{Deserialize, Serialize};
use toolformer_text::{CallStatus, InvokedCall};

/// What became of one item: a row of a file of results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemResult {
    /// The item's id.
    pub id: String,
    /// What the model wrote after the prompt, calls and all.
    pub output: String,
    /// What was taken for its answer.
    pub prediction: String,
    /// Whether that is right.
    pub correct: bool,
    /// The calls, in their order.
    pub calls: Vec<CallResult>,
    /// Tokens read and written.
    pub tokens: TokenCounts,
    /// The item's category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
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
