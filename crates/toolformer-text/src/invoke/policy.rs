//! What to do with calls that give no result.

use serde::{Deserialize, Serialize};

use super::CallStatus;

/// What to do with a call that gives no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Leave it as it is.
    #[default]
    Leave,
    /// Remove it, with the space before it; left as it is where what stands around it would join into a call.
    Drop,
    /// Write the reason as its result: ` [Calculator(1 / 0) -> error: division by zero]`.
    Mark,
    /// Stop with an error.
    Fail,
}

/// A [`Policy`] for each reason. A single policy becomes all of them.
///
/// ```
/// use toolformer_text::{Policies, Policy, Registry, Syntax, invoke};
///
/// let policies = Policies { unknown_tool: Policy::Drop, ..Policy::Fail.into() };
/// let invoked = invoke("Not ours: [Nope(1)].", &Registry::new(), &Syntax::default(), policies)?;
/// assert_eq!(invoked.text, "Not ours:.");
/// # Ok::<(), toolformer_text::InvokeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Policies {
    /// No tool has that name.
    pub unknown_tool: Policy,
    /// The tool could not make sense of the arguments.
    pub bad_arguments: Policy,
    /// The tool failed, panicked or did not answer in time.
    pub failure: Policy,
    /// The tool ran and found nothing.
    pub no_result: Policy,
}

impl From<Policy> for Policies {
    fn from(policy: Policy) -> Self {
        Self { unknown_tool: policy, bad_arguments: policy, failure: policy, no_result: policy }
    }
}

impl Policies {
    /// The policy for a call of that status; [`Policy::Leave`] for one that has a result.
    pub fn of(&self, status: CallStatus) -> Policy {
        match status {
            CallStatus::Ok | CallStatus::AlreadyFilled => Policy::Leave,
            CallStatus::UnknownTool => self.unknown_tool,
            CallStatus::BadArguments => self.bad_arguments,
            CallStatus::ToolError | CallStatus::TimedOut => self.failure,
            CallStatus::NoResult => self.no_result,
        }
    }

    /// Whether any of them is `policy`.
    pub fn any(&self, policy: Policy) -> bool {
        [self.unknown_tool, self.bad_arguments, self.failure, self.no_result].contains(&policy)
    }
}
