//! `toolformer devices`

use anyhow::Result;
use serde_json::json;
use toolformer::device::DEVICE_KINDS;

use crate::output::Output;

/// List the devices that models can run on
///
/// Those that this build cannot use are listed with what it lacks.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer devices
  toolformer devices --json")]
pub(crate) struct Args {
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut output = Output::new();
    for kind in DEVICE_KINDS {
        if args.json {
            let available = kind.missing.is_none();
            output.json(&json!({"name": kind.name, "what": kind.what, "available": available, "missing": kind.missing}))?;
        } else {
            let state = kind
                .missing
                .map_or("available".to_owned(), |missing| format!("not in this build: {missing}"));
            output.text(&format!("{:<9} {:<38} {state}\n", kind.name, kind.what))?;
        }
    }
    output.flush()
}
