//! `toolformer invoke`

use std::{
    io::{self, BufRead, BufReader},
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use anyhow::Result;
use toolformer::text::{CallStatus, InvokedCall, Invoker, Policies, Policy, Registry, Syntax};

use crate::{
    cache_args::CacheArgs,
    input::{is_stdin, open_file, read_text},
    output::{Output, print_json, print_text, say, shown},
    policy_arg::read_policies,
    tool_args::ToolArgs,
};

/// Run the tool calls in a text and fill their results in
///
/// Writes the text, byte for byte, with a result in every call that had none: ` [Calculator(1 + 1)]` becomes
/// ` [Calculator(1 + 1) -> 2]`. Lines are written as they come. Calls that give no result are reported on standard
/// error; what happens to them in the text is for --policy to say.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  echo '2 * 21 is [Calculator(2 * 21)].' | toolformer invoke --tools calculator
  toolformer invoke draft.txt --tools calculator --policy fail > final.txt
  toolformer invoke draft.txt --tools wiki --wiki-index wiki.index --jobs 8 --cache calls.jsonl

With --json: {\"text\":.., \"calls\":[{\"span\":[s,e], \"name\", \"args\", \"result\", \"status\", \"line\", \"error\"}]};
spans are those of the new text.

--policy by the reason: unknown-tool, bad-arguments, failure (or no answer in time), no-result.
A policy alone is for all others: --policy drop,unknown-tool=leave,failure=fail

--cache FILE keeps what tools gave, one JSON object a line, and asks no tool twice for the same,
unless it failed in a way that may pass;
the same file with --replay-only repeats a run without any tool, and needs no --tools.")]
pub(crate) struct Args {
    /// The text; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// What to do with calls that give no result: leave, drop (with the space before it), mark (the reason becomes
    /// the result) or fail (write nothing); or by the reason, REASON=POLICY with commas between, see below
    #[arg(long, value_name = "POLICY", default_value = "leave", value_parser = read_policies)]
    policy: Policies,
    /// Most calls that run at a time; the output is the same for any number
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    cache: CacheArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let registry = args.cache.registry(&args.tools)?;
    let outcome = invoke(args, &registry);
    let logged = args.cache.check_log(&registry, "the text");
    outcome.and(logged)
}

fn invoke(args: &Args, registry: &Registry) -> Result<()> {
    let syntax = Syntax::default();
    let invoker = Invoker::new(registry, &syntax).policy(args.policy).jobs(args.jobs);
    // Nothing may be written before the last call is known to have a result, or the object to be complete.
    if args.json || args.policy.any(Policy::Fail) {
        let invoked = invoker.text(&read_text(&args.file)?)?;
        invoked.calls.iter().for_each(report);
        return if args.json { print_json(&invoked) } else { print_text(&invoked.text) };
    }
    invoker.stream(open(&args.file)?, Output::new().into_write(), |call| report(&call))?;
    Ok(())
}

/// A file, or standard input.
fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    if is_stdin(path) {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, open_file(path)?)))
}

/// Says what became of a call that gave no result.
fn report(call: &InvokedCall) {
    if !matches!(call.status, CallStatus::Ok | CallStatus::AlreadyFilled) {
        let error = call.error.as_deref().unwrap_or("no result");
        let (line, name) = (call.line, &call.name);
        say(&format!("line {line}: no result for {name}({}): {}", shown(&call.args), shown(error)));
    }
}
