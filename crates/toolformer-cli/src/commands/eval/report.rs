//! `toolformer eval report`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toolformer::{
    eval::{Summary, conditions_table, read_results},
    train::{EvalRun, write_eval_page},
};

use super::run::{RESULTS, SUMMARY};
use crate::{
    failure::wrong_usage,
    output::{print_text, say},
};

/// Make a page that sets runs of `eval` side by side, for people
///
/// Of each task the first run is what the others are compared with: better or not, by how much, how sure; plots, calls tool by
/// tool, examples. Standard output gets the paper's table: a row for each condition, a column for each task.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer eval report runs/plain runs/cc runs/disabled runs/toolformer --out runs/report.html
  toolformer eval report runs/sweep/k-0 runs/sweep/k-10 --names 'never,where likely' --out sweep.html")]
pub(super) struct Args {
    /// The folders of the runs, as `eval --out` was given them
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// What the runs are called, in their order [default: their conditions]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    names: Vec<String>,
    /// The page
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Seed of the comparisons' intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if !args.names.is_empty() && args.names.len() != args.runs.len() {
        let (names, runs) = (args.names.len(), args.runs.len());
        return Err(wrong_usage(format!("--names gives {names} names for {runs} runs")));
    }
    let mut runs = Vec::new();
    for (number, folder) in args.runs.iter().enumerate() {
        let name = args.names.get(number).cloned();
        runs.push(EvalRun { name, ..open_run(folder)? });
    }
    write_eval_page(&runs, args.seed, &args.out)?;
    let summaries: Vec<Summary> = runs.into_iter().map(|run| run.summary).collect();
    print_text(&conditions_table(&summaries))?;
    say(&format!("The report is in {}.", args.out.display()));
    Ok(())
}

/// A run out of its folder.
pub(super) fn open_run(folder: &Path) -> Result<EvalRun> {
    let file = folder.join(SUMMARY);
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!("{} is no folder of a run that was ended: there is no {SUMMARY}", folder.display())
    })?;
    let mut summary: Summary =
        serde_json::from_str(&text).with_context(|| format!("{} is no summary", file.display()))?;
    // Sweeps of earlier versions say it by their folders alone.
    let named = || folder.file_name()?.to_str()?.strip_prefix("k-")?.parse().ok();
    summary.k = summary.k.or_else(named);
    Ok(EvalRun { name: None, summary, results: read_results(&folder.join(RESULTS))? })
}
