//! Can one small model learn two tools at once, the calculator and the calendar, each where it helps?

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::dated_texts::dated_texts;
use super::four_conditions::{Asked, Options, words};
use super::word_problems::word_problems;
use crate::process;

/// Teach a model the calculator and the calendar together, and ask it Dateset and SVAMP under the paper's four conditions
///
/// The texts: word problems of our own with their answers, and sentences of our own about days, each with the day on which it
/// was written. Dateset's questions are drawn from all 9,400, of each kind its part. Prints the four conditions, perplexity
/// on introductions of Wikipedia and on passages of the web, and the sweeps of decoding's k; report.html shows them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many word problems
    #[arg(long, value_name = "N", default_value_t = 500)]
    problems: usize,
    /// How many sentences about days
    #[arg(long, value_name = "N", default_value_t = 600)]
    dated: usize,
    /// How many of Dateset's questions are asked
    #[arg(long, value_name = "N", default_value_t = 940)]
    questions: usize,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/dateset")]
    out: PathBuf,
    #[command(flatten)]
    options: Options,
}

/// How calls are sampled.
const SAMPLING: &str =
    "--k 3 --m 8 --max-call-tokens 24 --constrain --select --no-look-ahead --mask-responses";

/// Examples of the calendar with questions in its calls, which the paper's has not.
const CALENDAR_PROMPT: &str = include_str!("calendar_prompt.txt");

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.options.runner.files(&out)?;
    let texts = [word_problems(args.problems, args.options.seed), dated_texts(args.dated, args.options.seed)]
        .concat();
    let (prompt, settings) = (files.file("calendar_prompt.txt"), files.file("tools.toml"));
    let cannot = |path: &PathBuf| format!("cannot write {}", path.display());
    std::fs::write(&prompt, CALENDAR_PROMPT).with_context(|| cannot(&prompt))?;
    let calendar = "[Calendar]\ntau_s = 0.0\ntau_f = 1.0\nk = 3\nm = 8\nselect = true\nprompt = \"calendar_prompt.txt\"\n";
    std::fs::write(&settings, calendar).with_context(|| cannot(&settings))?;
    let mut sampling = words(SAMPLING);
    sampling.extend(["--settings".to_owned(), settings.to_string_lossy().into_owned()]);
    let dateset = Asked { task: "dateset".to_owned(), data: None, limit: Some(args.questions) };
    let asked = vec![dateset, args.options.svamp()?];
    args.options.on(&files, texts, "calculator,calendar", sampling, asked)?.run()
}
