//! `toolformer eval`

mod compare;
mod condition_name;
mod report;
mod run;
mod shown;
mod tasks;

use anyhow::Result;
use clap::{ArgMatches, FromArgMatches, Subcommand};

use crate::failure::wrong_usage;

/// Ask a model the questions of a task, with its tools and without
///
/// Tasks are the paper's, or files of one's own: what is asked, how an output is scored, which tools must not be called. The
/// answers are written greedily. With --out the run goes on where it was cut off when the same command is given again.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_long_help = "\
Examples:
  toolformer eval tasks
  toolformer eval --task svamp --data SVAMP.json --model runs/calc/model --tools calculator --out runs/svamp
  toolformer eval --task svamp --data SVAMP.json --model SmolLM2.gguf --out runs/svamp-plain
  toolformer eval compare runs/svamp-plain runs/svamp
  toolformer eval report runs/svamp-plain runs/svamp --out report.html
  toolformer eval --task dateset --limit 940 --model runs/cal/model --tools calendar --sweep-k 0,1,3,10 --out runs/dates
  toolformer eval --task texts --data held-out.jsonl --model runs/calc/model --no-calls --json
  toolformer eval --task my-task.toml --data questions.csv --model SmolLM2.gguf

With --json: {\"task\":\"svamp\", \"condition\":\"toolformer\", \"k\":10, \"n\":1000, \"metrics\":{\"accuracy\":{\"value\", \"low\", \"high\"}},
  \"calls\":{\"rate\", \"valid\", \"executed\", \"n\", \"tools\":{\"Calculator\":{\"items\", \"calls\", \"executed\", \"errors\"}}},
  \"split\":{\"all\", \"call\", \"no_call\", \"call_percent\"}, \"categories\":{..}, \"tokens\":{\"prompt\", \"completion\"}, \"seconds\"};
with --sweep-k a line for each K. Intervals are of 95 %, by the bootstrap.")]
pub(crate) struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    run: IfAsked,
}

#[derive(Debug, Subcommand)]
enum Other {
    Compare(compare::Args),
    Report(report::Args),
    Tasks(tasks::Args),
}

/// The arguments of a run, where there is no subcommand. clap's own optional groups do not see arguments of groups in them.
#[derive(Debug)]
struct IfAsked(Option<run::Args>);

impl clap::Args for IfAsked {
    fn augment_args(command: clap::Command) -> clap::Command {
        run::Args::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        run::Args::augment_args_for_update(command)
    }
}

impl FromArgMatches for IfAsked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_asked = matches.contains_id("task");
        Ok(Self(is_asked.then(|| run::Args::from_arg_matches(matches)).transpose()?))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match (&args.other, &args.run.0) {
        (Some(Other::Compare(args)), _) => compare::run(args),
        (Some(Other::Report(args)), _) => report::run(args),
        (Some(Other::Tasks(args)), _) => tasks::run(args),
        (None, Some(args)) => run::run(args),
        (None, None) => Err(wrong_usage("--task is needed; `toolformer eval tasks` lists what there is")),
    }
}
