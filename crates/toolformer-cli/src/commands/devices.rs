//! `toolformer devices`

use anyhow::Result;
use serde_json::json;
use toolformer::device::{DEVICE_KINDS, Device, DeviceError};

use crate::output::Output;

/// List the devices that models can run on
///
/// Every device that this build knows is tried with a small sum. The others are listed with what the build lacks.
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
        let problem = kind.name.parse::<Device>().and_then(Device::check).err();
        if args.json {
            output.json(&json!({
                "name": kind.name,
                "what": kind.what,
                "available": problem.is_none(),
                "missing": problem.map(|error| error.to_string()),
            }))?;
        } else {
            let state = match &problem {
                None => "available".to_owned(),
                Some(DeviceError::NotBuilt { missing, .. }) => format!("not in this build: {missing}"),
                Some(DeviceError::NotWorking { why, needs, .. }) => {
                    format!("does not work here: {why}; it needs {needs}")
                }
                Some(error) => error.to_string(),
            };
            output.text(&format!("{:<9} {:<43} {state}\n", kind.name, kind.what))?;
        }
    }
    output.flush()
}
