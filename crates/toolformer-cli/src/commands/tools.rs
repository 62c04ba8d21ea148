//! `toolformer tools`

use std::time::Instant;

use anyhow::{Context as _, Error, Result};
use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;
use toolformer::text::{CallError, CallStatus, Tool};

use crate::{
    failure::wrong_usage,
    input::read_text,
    output::{Output, print_json, print_text, shown},
    tool_args::{ChosenTools, ToolArgs, builtin_tools},
};

/// See which tools there are, and try them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Call(Call),
}

/// List the tools of the given --tools and --tools-file
///
/// Without either it lists the built-in tools and what each needs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer tools list
  toolformer tools list --tools calculator,calendar --tools-file tools.toml --json

With --json, a line for each tool: {\"name\":.., \"description\":.., \"parameters\":JSON Schema};
without tools {\"tool\":.., \"name\":.., \"needs\":..}.")]
struct List {
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tools: ToolArgs,
}

/// Show one tool: what it does, and its parameters as JSON Schema
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer tools show Calculator --tools calculator
  toolformer tools show Weather --tools-file tools.toml --json")]
struct Show {
    /// The name that the tool is called by in text
    name: String,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tools: ToolArgs,
}

/// Call one tool and write its result
///
/// The result is what would be written into a text: on one line, cut to --max-result-chars. --raw shows what the
/// tool itself gave.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer tools call Calculator '400 / 1400' --tools calculator
  toolformer tools call WikiSearch 'Kilimanjaro' --tools wiki --wiki-index wiki.index
  toolformer tools call Weather - --tools-file tools.toml --json < arguments.txt

With --json: {\"name\":.., \"args\":.., \"result\":text or null, \"status\":.., \"error\":text or null,
\"seconds\":..}; the exit code is 1 if there is no result.")]
struct Call {
    /// The name that the tool is called by in text
    name: String,
    /// What would stand between the parentheses; - for standard input
    #[arg(default_value = "", allow_hyphen_values = true)]
    args: String,
    /// Write what the tool gave as it is
    #[arg(long)]
    raw: bool,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tools: ToolArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::List(args) => list(args),
        Command::Show(args) => show(args),
        Command::Call(args) => call(args),
    }
}

/// A tool as `--json` shows it.
#[derive(Serialize)]
struct Shown<'t> {
    name: &'t str,
    description: &'t str,
    parameters: Value,
}

impl<'t> Shown<'t> {
    fn new(tool: &'t dyn Tool) -> Self {
        Self {
            name: tool.name(),
            description: tool.description(),
            parameters: tool.parameters().json_schema(),
        }
    }
}

fn list(args: &List) -> Result<()> {
    if args.tools.are_none() {
        return if args.json { builtin_json() } else { print_text(&builtin_list()) };
    }
    let registry = args.tools.chosen()?.registry;
    let mut output = Output::new();
    for tool in registry.names().filter_map(|name| registry.get(name)) {
        if args.json {
            output.json(&Shown::new(tool))?;
        } else {
            output.text(&format!("{}({})\n    {}\n", tool.name(), tool.parameters(), tool.description()))?;
        }
    }
    output.flush()
}

fn builtin_list() -> String {
    let mut text = String::from("--tools    in a text     needs\n");
    for (short, name, needs) in builtin_tools() {
        text.push_str(&format!("{short:<10} {name:<13} {needs}\n"));
    }
    text
}

/// A line for each built-in tool: what it takes shows once it has what it needs.
fn builtin_json() -> Result<()> {
    let mut output = Output::new();
    for (short, name, needs) in builtin_tools() {
        output.json(&serde_json::json!({"tool": short, "name": name, "needs": needs}))?;
    }
    output.flush()
}

fn show(args: &Show) -> Result<()> {
    let tools = args.tools.at_least_one()?;
    let tool = tool(&tools, &args.name)?;
    if args.json {
        return print_json(&Shown::new(tool));
    }
    let schema = serde_json::to_string_pretty(&tool.parameters().json_schema())?;
    print_text(&format!("{}({})\n    {}\n{schema}\n", tool.name(), tool.parameters(), tool.description()))
}

/// The tool of that name, which must be there: the question was asked rightly only if it is, or may be a missing
/// server's.
fn tool<'t>(tools: &'t ChosenTools, name: &str) -> Result<&'t dyn Tool> {
    tools.registry.find(name).map_err(|unknown| match tools.missing.first() {
        None => wrong_usage(unknown.to_string()),
        Some(failure) => Error::new(failure.clone()).context(unknown),
    })
}

/// A call as `--json` shows it.
#[derive(Serialize)]
struct Called<'c> {
    name: &'c str,
    args: &'c str,
    result: Option<&'c str>,
    status: CallStatus,
    error: Option<String>,
    seconds: f64,
}

fn call(args: &Call) -> Result<()> {
    let tools = args.tools.at_least_one()?;
    tool(&tools, &args.name)?;
    let given = if args.args == "-" { read_text("-".as_ref())? } else { args.args.clone() };
    let (name, given) = (args.name.as_str(), given.trim());
    let began = Instant::now();
    let outcome =
        if args.raw { tools.registry.call_raw(name, given) } else { tools.registry.call(name, given) };
    if args.json {
        let error = outcome.as_ref().err().map(|error| format!("{:#}", Error::new(error.clone())));
        print_json(&Called {
            name,
            args: given,
            result: outcome.as_deref().ok(),
            status: outcome.as_ref().map_or_else(CallError::status, |_| CallStatus::Ok),
            error,
            seconds: began.elapsed().as_secs_f64(),
        })?;
    }
    let result = outcome.with_context(|| format!("{name}({}) failed", shown(given)))?;
    match (args.json, args.raw) {
        (true, _) => Ok(()),
        (false, true) => print_text(&result),
        (false, false) => print_text(&format!("{result}\n")),
    }
}
