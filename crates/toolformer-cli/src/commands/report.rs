//! `toolformer report`

use std::path::PathBuf;

use anyhow::Result;
use toolformer::train::{ReportData, TextFile, TextSource, write_report};

use crate::{failure::wrong_usage, output::say};

/// Make a page that shows what a run did, for people
///
/// One HTML file with plots and examples, which needs no network and no script: what became of the sampled calls and why,
/// how much results help, what other thresholds would keep, the course of the training, time and tokens. `teach` writes
/// it by itself; this makes it anew, or of a run that was cut off, or of a file that `annotate` or `filter` wrote.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer report runs/calc
  toolformer report --candidates f.jsonl --texts texts.jsonl --out report.html")]
pub(crate) struct Args {
    /// The run folder, as `teach --out` was given it
    #[arg(required_unless_present = "candidates", conflicts_with = "candidates")]
    run: Option<PathBuf>,
    /// A file of candidates, as `annotate` or `filter` writes it, instead of a run folder
    #[arg(long, value_name = "FILE", requires = "out")]
    candidates: Option<PathBuf>,
    /// The texts that the candidates were sampled for, to show calls where they stand
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// The page [default: report.html in the run folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let texts = args.texts.as_deref().map(TextFile::open).transpose()?;
    let texts = texts.as_ref().map(|texts| texts as &dyn TextSource);
    let (data, place) = match (&args.run, &args.candidates) {
        (Some(run), _) => (ReportData::of_run(run, texts)?, Some(run.join("report.html"))),
        (None, Some(candidates)) => (ReportData::of_candidates(candidates, texts)?, None),
        (None, None) => return Err(wrong_usage("give a run folder or --candidates")),
    };
    let Some(out) = args.out.clone().or(place) else { return Err(wrong_usage("--out is needed")) };
    write_report(&data, &out)?;
    say(&format!("The report is in {}.", out.display()));
    Ok(())
}
