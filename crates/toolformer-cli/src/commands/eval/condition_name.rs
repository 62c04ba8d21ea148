//! The conditions as `--condition` names them.

use clap::ValueEnum;
use toolformer::eval::Condition;

/// As on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ConditionName {
    /// The model as it was
    Plain,
    /// The model fine-tuned on the same texts without calls
    PlainFinetuned,
    /// The model that was taught tools, kept from calling any
    ToolformerDisabled,
    /// The model that was taught tools
    Toolformer,
}

impl From<ConditionName> for Condition {
    fn from(name: ConditionName) -> Self {
        match name {
            ConditionName::Plain => Self::Plain,
            ConditionName::PlainFinetuned => Self::PlainFinetuned,
            ConditionName::ToolformerDisabled => Self::ToolformerDisabled,
            ConditionName::Toolformer => Self::Toolformer,
        }
    }
}
