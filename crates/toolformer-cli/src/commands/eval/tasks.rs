//! `toolformer eval tasks`

use anyhow::Result;
use serde_json::json;
use toolformer::eval::Task;

use crate::output::Output;

/// List the tasks that are built in, and where their data come from
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let mut output = Output::new();
    for name in Task::builtin_names() {
        let Task { name, description, source, prompt, tools, forbidden_tools, .. } = Task::builtin(name)?;
        if args.json {
            output.json(&json!({
                "name": name, "description": description, "source": source, "prompt": prompt.to_string(),
                "tools": tools, "forbidden_tools": forbidden_tools,
            }))?;
        } else {
            output.text(&format!("{name:<18}{description}\n{:18}data: {source}\n", ""))?;
        }
    }
    output.flush()
}
