//! `cargo xtask experiment`: what the method does on real texts, to be run again by anyone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::Value;

use crate::assets::SMOLLM2;
use crate::build::build_cli;
use crate::quickstart::read_rows;
use crate::{fetch, process};

mod agreement;
mod charts;
mod dated_texts;
mod dateset;
mod draws;
mod four_conditions;
mod gsm8k;
mod marks;
mod pretrain;
mod reward;
mod screen;
mod settings;
mod svamp;
mod wikipedia;
mod word_problems;

/// Run the data pipeline on real texts, and count; train models on real data, and measure
///
/// Each goes on where it stopped when the command is given again. What it makes lies in the folder given by --out:
/// texts, candidates with their losses, and report.html.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask experiment gsm8k --data gsm8k_train.jsonl
  cargo xtask experiment wikipedia --texts 200
  cargo xtask experiment pretrain --family palm
  cargo xtask experiment reward --data example_model_solutions.jsonl
  cargo xtask experiment screen --data gsm8k_train.jsonl
  cargo xtask experiment svamp --svamp SVAMP.json --gsm8k gsm8k_train.jsonl
  cargo xtask experiment settings --svamp SVAMP.json
  cargo xtask experiment dateset --svamp SVAMP.json
  cargo xtask experiment charts runs/svamp/report.html --out charts")]
pub(crate) struct Args {
    #[command(subcommand)]
    experiment: Experiment,
}

#[derive(Debug, Subcommand)]
enum Experiment {
    Charts(charts::Args),
    Dateset(dateset::Args),
    Gsm8k(gsm8k::Args),
    Pretrain(pretrain::Args),
    Reward(reward::Args),
    Screen(screen::Args),
    Settings(settings::Args),
    Svamp(svamp::Args),
    Wikipedia(wikipedia::Args),
}

/// What runs the pipeline.
#[derive(Debug, clap::Args)]
struct Runner {
    /// Start from this model instead of the fetched SmolLM2-135M-Instruct
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Use this program instead of building it
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

/// How calls are sampled in the experiments on annotating. A small model rarely gives a call's start more than the paper's tau_s: the five
/// likeliest places are taken, however likely.
const SAMPLING: &[&str] = &["--k", "5", "--m", "4", "--tau-s", "0"];

/// What a folder holds.
struct Files<'a> {
    program: PathBuf,
    model: PathBuf,
    out: &'a Path,
}

impl Files<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// A command of the program.
    fn command(&self, name: &str) -> Command {
        let mut command = process::command(&self.program);
        command.arg(name);
        command
    }

    /// Annotates texts.jsonl, filters what it gave, makes a report of it, and returns the filtered candidates.
    fn pipeline(&self, annotate_options: &[&str]) -> Result<Vec<Value>> {
        let with_texts = |name: &str| {
            let mut command = self.command(name);
            command.arg("--model").arg(&self.model).arg("--texts").arg(self.file("texts.jsonl"));
            command
        };
        let mut annotate = with_texts("annotate");
        annotate.args(SAMPLING).args(annotate_options);
        timed(annotate.arg("--out").arg(self.file("candidates.jsonl")))?;
        let mut filter = with_texts("filter");
        filter.arg("--candidates").arg(self.file("candidates.jsonl")).args(["--tau-f", "0.5"]);
        timed(filter.arg("--out").arg(self.file("filtered.jsonl")))?;
        let mut report = self.command("report");
        report
            .arg("--candidates")
            .arg(self.file("filtered.jsonl"))
            .arg("--texts")
            .arg(self.file("texts.jsonl"));
        timed(report.arg("--out").arg(self.file("report.html")))?;
        read_rows(&self.file("filtered.jsonl"))
    }
}

impl Runner {
    /// The folder, made if it is not there.
    fn files<'a>(&'a self, out: &'a Path) -> Result<Files<'a>> {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        Ok(Files { program: program(self.program.as_deref())?, model: self.model()?, out })
    }

    fn model(&self) -> Result<PathBuf> {
        match &self.model {
            Some(model) => model.canonicalize().with_context(|| format!("no model at {}", model.display())),
            None => fetch::ensure(&SMOLLM2),
        }
    }
}

/// The program that was named, or else a fresh build.
fn program(named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(program) => {
            program.canonicalize().with_context(|| format!("no program at {}", program.display()))
        }
        None => build_cli(),
    }
}

/// Runs one experiment.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.experiment {
        Experiment::Charts(args) => charts::run(args),
        Experiment::Dateset(args) => dateset::run(args),
        Experiment::Gsm8k(args) => gsm8k::run(args),
        Experiment::Pretrain(args) => pretrain::run(args),
        Experiment::Reward(args) => reward::run(args),
        Experiment::Screen(args) => screen::run(args),
        Experiment::Settings(args) => settings::run(args),
        Experiment::Svamp(args) => svamp::run(args),
        Experiment::Wikipedia(args) => wikipedia::run(args),
    }
}

/// Runs a command and prints how long it took.
fn timed(command: &mut Command) -> Result<()> {
    let took = process::run_quietly(command)?;
    eprintln!("took {:.0} s", took.as_secs_f64());
    Ok(())
}

/// Writes objects, one a line.
fn write_rows(path: &Path, rows: &[Value]) -> Result<()> {
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(path, lines).with_context(|| format!("cannot write {}", path.display()))
}

/// The thresholds at which kept calls are counted.
const THRESHOLDS: [f64; 3] = [0.5, 1.0, 2.0];

/// Whether a filtered candidate would be kept at a threshold.
fn is_kept(candidate: &Value, tau_f: f64) -> bool {
    candidate["delta"].as_f64().is_some_and(|delta| delta >= tau_f)
}
