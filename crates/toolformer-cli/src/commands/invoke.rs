//! `toolformer invoke`

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use toolformer::text::{Syntax, invoke};

use crate::{input::read_text, output::print_text, tool_args::ToolArgs};

/// Run the tool calls in a text and fill their results in
///
/// Writes the text, byte for byte, with a result in every call that had none: ` [Calculator(1 + 1)]` becomes
/// ` [Calculator(1 + 1) -> 2]`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  echo '2 * 21 is [Calculator(2 * 21)].' | toolformer invoke --tools calculator
  toolformer invoke draft.txt --tools calculator --policy fail > final.txt")]
pub(crate) struct Args {
    /// The text; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// What to do with a call that gives no result
    #[arg(long, value_enum, default_value_t = Policy::Leave)]
    policy: Policy,
    #[command(flatten)]
    tools: ToolArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// Leave it as it is
    Leave,
    /// Remove it, with the space before it
    Drop,
    /// Write the reason as its result
    Mark,
    /// Stop, and write nothing
    Fail,
}

impl From<Policy> for toolformer::text::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Leave => Self::Leave,
            Policy::Drop => Self::Drop,
            Policy::Mark => Self::Mark,
            Policy::Fail => Self::Fail,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let tools = args.tools.at_least_one()?;
    let text = read_text(&args.file)?;
    let invoked = invoke(&text, &tools.registry, &Syntax::default(), args.policy.into())?;
    print_text(&invoked.text)
}
