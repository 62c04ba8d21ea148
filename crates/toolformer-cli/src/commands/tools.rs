//! `toolformer tools`

use anyhow::{Context as _, Error, Result};
use clap::Subcommand;
use serde::Serialize;
use serde_json::Value;
use toolformer::text::Tool;

use crate::{
    failure::wrong_usage,
    output::{Output, print_json, print_text},
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
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer tools call Calculator '400 / 1400' --tools calculator
  toolformer tools call WikiSearch 'Kilimanjaro' --tools wiki --wiki-index wiki.index")]
struct Call {
    /// The name that the tool is called by in text
    name: String,
    /// What would stand between the parentheses
    #[arg(default_value = "", allow_hyphen_values = true)]
    args: String,
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
    let registry = &tools.registry;
    registry.get(name).ok_or_else(|| {
        let names: Vec<_> = registry.names().collect();
        let unknown = format!("no tool is called `{name}` here; there are {}", names.join(", "));
        match tools.missing.first() {
            None => wrong_usage(unknown),
            Some(failure) => Error::new(failure.clone()).context(unknown),
        }
    })
}

fn call(args: &Call) -> Result<()> {
    let tools = args.tools.at_least_one()?;
    tool(&tools, &args.name)?;
    let result = tools.registry.call(&args.name, args.args.trim());
    let result = result.with_context(|| format!("{}({}) failed", args.name, args.args))?;
    print_text(&format!("{result}\n"))
}
