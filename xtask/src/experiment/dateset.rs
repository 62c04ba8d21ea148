//! Can one small model learn two tools at once, the calculator and the calendar, each where it helps?

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Runner;
use super::dated_texts::dated_texts;
use super::four_conditions::{Asked, FourConditions, write_rows};
use super::word_problems::word_problems;
use crate::process;

/// Teach a model the calculator and the calendar together, and ask it Dateset and SVAMP under the paper's four conditions
///
/// The texts: word problems of our own with their answers, and sentences of our own about days, each with the day on which it
/// was written. Dateset's questions are drawn from all 9,400, of each kind its part. Prints the four conditions, perplexity
/// on introductions of Wikipedia, and the sweeps of decoding's k; report.html shows them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// SVAMP.json
    #[arg(long, value_name = "FILE")]
    svamp: PathBuf,
    /// How many word problems
    #[arg(long, value_name = "N", default_value_t = 500)]
    problems: usize,
    /// How many sentences about days
    #[arg(long, value_name = "N", default_value_t = 600)]
    dated: usize,
    /// How many of Dateset's questions are asked
    #[arg(long, value_name = "N", default_value_t = 940)]
    questions: usize,
    /// Ask only the 200 problems of SVAMP that settings may be chosen by: `eval --limit 200` with this --seed
    #[arg(long)]
    tune: bool,
    /// Seed of the texts, of teaching and of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How often: the taught model annotates the texts again
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// How many introductions of Wikipedia perplexity is measured on, and how many texts of --web
    #[arg(long, value_name = "N", default_value_t = 200)]
    held_out: usize,
    /// Texts of the web, to measure perplexity on too
    #[arg(long, value_name = "FILE")]
    web: Option<PathBuf>,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/dateset")]
    out: PathBuf,
    /// Further options of training, both with calls and without, such as --full
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    #[command(flatten)]
    runner: Runner,
}

/// How calls are sampled.
const SAMPLING: &str = "--k 3 --m 8 --max-call-tokens 24 --constrain --select --mask-responses";

/// How models are trained, unless told otherwise.
const TRAINING: &str = "--batch 16 --epochs 3 --learning-rate 5e-4 --keep last --checkpoint-every 20";

/// Examples of the calendar with questions in its calls, which the paper's has not.
const CALENDAR_PROMPT: &str = include_str!("calendar_prompt.txt");

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let texts = [word_problems(args.problems, args.seed), dated_texts(args.dated, args.seed)].concat();
    write_rows(&files.file("texts.jsonl"), &texts)?;
    let (prompt, settings) = (files.file("calendar_prompt.txt"), files.file("tools.toml"));
    let cannot = |path: &PathBuf| format!("cannot write {}", path.display());
    std::fs::write(&prompt, CALENDAR_PROMPT).with_context(|| cannot(&prompt))?;
    let calendar = "[Calendar]\ntau_s = 0.0\ntau_f = 0.5\nk = 3\nm = 8\nselect = true\nprompt = \"calendar_prompt.txt\"\n";
    std::fs::write(&settings, calendar).with_context(|| cannot(&settings))?;
    let words = |options: &str| options.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut sampling = words(SAMPLING);
    sampling.extend(["--settings".to_owned(), settings.to_string_lossy().into_owned()]);
    let svamp = Some(std::path::absolute(&args.svamp)?);
    let conditions = FourConditions {
        files: &files,
        tools: "calculator,calendar",
        sampling,
        training: [words(TRAINING), args.options.clone()].concat(),
        rounds: args.rounds,
        seed: args.seed,
        asked: vec![
            Asked { task: "dateset", data: None, limit: Some(args.questions) },
            Asked { task: "svamp", data: svamp, limit: args.tune.then_some(200) },
        ],
        held_out: args.held_out,
        web: args.web.as_ref().map(std::path::absolute).transpose()?,
    };
    conditions.run()
}
