//! `cargo xtask quickstart`: the whole story on one small model, from nothing to a table.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::assets::SMOLLM2;
use crate::build::build_cli;
use crate::{fetch, process};

mod answer;
mod demands;
mod score;
mod table;

const PASSAGES: &str = "examples/data/passages.jsonl";
const SUMS: &str = "examples/data/sums.jsonl";

/// What `teach` is told besides the model, the texts and the folder.
const TEACH_OPTIONS: &[&str] = &[
    "--tools",
    "calculator",
    "--held-out",
    "0.1",
    "--seed",
    "0",
    "--k",
    "5",
    "--m",
    "4",
    "--max-call-tokens",
    "20",
    "--batch",
    "4",
    "--learning-rate",
    "1e-3",
    "--no-look-ahead",
    "--keep",
    "last",
];
/// How `generate` answers the sums.
const ANSWER_OPTIONS: &[&str] = &["--max-tokens", "48", "--json"];
/// Long enough that a shown sentence is not cut inside a number.
const SHOWN_TOKENS: &str = "32";

/// Prompts shown at the end. They are in none of the data; `cargo xtask tidy` checks it.
pub(crate) const SHOWN_PROMPTS: &[&str] = &[
    "A crate holds 37 jars. 48 crates hold",
    "The library lent 1834 books in March and 2277 in April, which makes",
];

/// Teach a small model to use a calculator, and show what changed
///
/// Fetches SmolLM2-135M-Instruct if it is missing, builds the program, lets the model answer 40 sums, teaches it
/// on examples/data/passages.jsonl, lets it answer again, and prints the figures. A full run fails if it kept
/// fewer than 10 calls, did not lower the held-out perplexity, or did not raise the number of right answers. A
/// run that was cut off goes on where it stopped when the command is given again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask quickstart
  cargo xtask quickstart --texts 20 --out runs/short
  cargo xtask quickstart --fresh")]
pub(crate) struct Args {
    /// Use only the first N passages; the demands on a full run are then shown, but do not fail it
    #[arg(long, value_name = "N")]
    texts: Option<usize>,
    /// The run folder [default: runs/quickstart, or runs/quickstart-N with --texts N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start from this model instead of the fetched one
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Delete the run folder first
    #[arg(long)]
    fresh: bool,
}

/// Whether the model may call its tools.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ToolsAre {
    On,
    /// The paper's disabled mode: the probability of a call's start is 0.
    Off,
}

/// The answers to the sums of one model, with or without its tools.
#[derive(Debug, Default, Clone)]
pub(crate) struct Answers {
    /// One object per sum, as `generate` printed it.
    pub(crate) rows: Vec<Value>,
    /// Wall-clock time, loading the model included.
    pub(crate) seconds: f64,
}

/// Before and after teaching, each with and without tools.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) before_with: Answers,
    pub(crate) before_without: Answers,
    pub(crate) after_with: Answers,
    pub(crate) after_without: Answers,
    /// The `stats.json` of the run.
    pub(crate) stats: Value,
    /// Wall-clock time of `teach`, which is short where it only went on.
    pub(crate) teach_seconds: f64,
}

/// Runs the whole job and prints the closing table.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = process::root();
    let out = root.join(args.out.clone().unwrap_or_else(|| {
        // A run on fewer texts is another run: it must not stand in the way of the whole one.
        args.texts.map_or_else(|| "runs/quickstart".into(), |texts| format!("runs/quickstart-{texts}").into())
    }));
    if args.fresh {
        remove_run(&out)?;
    }
    let model = match &args.model {
        Some(model) => model.canonicalize().with_context(|| format!("no model at {}", model.display()))?,
        None => fetch::ensure(&SMOLLM2)?,
    };
    let toolformer = build_cli()?;
    // Beside the run folder, which belongs to `teach` alone.
    let notes = beside(&out, "answers");
    std::fs::create_dir_all(&notes).with_context(|| format!("cannot make {}", notes.display()))?;
    let texts = match args.texts {
        Some(count) => first_lines(&root.join(PASSAGES), count, &notes.join("passages.jsonl"))?,
        None => root.join(PASSAGES),
    };

    let answer = |model: &Path, time: &str, tools: ToolsAre| {
        let (shown, name) = match tools {
            ToolsAre::On => ("on", "with"),
            ToolsAre::Off => ("off", "without"),
        };
        eprintln!("\n== the model answers the sums {time} teaching, tools {shown}");
        answer_sums(&toolformer, model, tools, &notes.join(format!("{time}-{name}-tools.jsonl")))
    };
    let mut outcome = Outcome {
        before_with: answer(&model, "before", ToolsAre::On)?,
        before_without: answer(&model, "before", ToolsAre::Off)?,
        ..Outcome::default()
    };
    eprintln!("\n== teaching");
    let mut teach = process::command(&toolformer);
    teach.arg("teach").arg("--model").arg(&model).args(TEACH_OPTIONS);
    teach.arg("--texts").arg(&texts).arg("--out").arg(&out);
    outcome.teach_seconds = process::run_quietly(&mut teach)?.as_secs_f64();
    outcome.stats = read_stats(&out.join("stats.json"))?;

    let taught = out.join("model");
    outcome.after_with = answer(&taught, "after", ToolsAre::On)?;
    outcome.after_without = answer(&taught, "after", ToolsAre::Off)?;
    for prompt in SHOWN_PROMPTS {
        println!();
        let mut show = generate(&toolformer, &taught, ToolsAre::On);
        show.args(["--max-tokens", SHOWN_TOKENS, "--prompt", prompt]);
        eprintln!("$ {}", process::shell_line(&show));
        process::run(&mut show)?;
    }
    println!("\n{}", table::render(&outcome));
    println!("All of the run is in {}; the answers are in {}.", out.display(), notes.display());
    let demands = demands::of(&outcome);
    println!("\n{}", demands::render(&demands));
    if args.texts.is_some() {
        eprintln!("(a run on few texts is not judged: they need not suffice)");
        return Ok(());
    }
    demands::met(&demands)
}

fn generate(toolformer: &Path, model: &Path, tools: ToolsAre) -> Command {
    let mut command = process::command(toolformer);
    command.arg("generate").arg("--model").arg(model);
    match tools {
        ToolsAre::On => command.args(["--tools", "calculator"]),
        // Takes no --tools beside it: no tool could run.
        ToolsAre::Off => command.arg("--no-calls"),
    };
    command
}

fn answer_sums(toolformer: &Path, model: &Path, tools: ToolsAre, out: &Path) -> Result<Answers> {
    let start = Instant::now();
    let mut command = generate(toolformer, model, tools);
    process::run_into(command.args(["--prompts", SUMS]).args(ANSWER_OPTIONS), out)?;
    Ok(Answers { seconds: start.elapsed().as_secs_f64(), rows: read_rows(out)? })
}

/// The objects of a JSONL file.
///
/// # Errors
/// If it cannot be read or a line is not JSON.
pub(crate) fn read_rows(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    rows.map(|(n, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: not JSON", file.display(), n + 1))
    })
    .collect()
}

fn read_stats(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("`teach` left no {}: is the run complete?", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// Copies the first lines of a file; leaves an equal copy as it is.
fn first_lines(from: &Path, count: usize, to: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let start: String = text.split_inclusive('\n').take(count).collect();
    std::fs::write(to, start).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(to.to_path_buf())
}

/// `runs/quickstart` -> `runs/quickstart.answers`.
fn beside(out: &Path, suffix: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{name}.{suffix}"))
}

/// Deletes a run folder, and nothing that is not one.
fn remove_run(out: &Path) -> Result<()> {
    if !out.exists() {
        return Ok(());
    }
    if !out.join("run.toml").is_file() {
        bail!("{} holds no run.toml, so it is no run folder: --fresh will not delete it", out.display());
    }
    std::fs::remove_dir_all(out).with_context(|| format!("cannot delete {}", out.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_run_folders_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        remove_run(&out).unwrap();
        std::fs::create_dir(&out).unwrap();
        assert!(remove_run(&out).unwrap_err().to_string().contains("run.toml"));
        std::fs::write(out.join("run.toml"), "").unwrap();
        remove_run(&out).unwrap();
        assert!(!out.exists());
    }

    #[test]
    fn the_first_lines_are_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&from, "1\n2\n3\n").unwrap();
        first_lines(&from, 2, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to).unwrap(), "1\n2\n");
    }

    #[test]
    fn without_tools_no_call_can_start() {
        let line = |tools| process::shell_line(&generate(Path::new("toolformer"), Path::new("model"), tools));
        assert_eq!(line(ToolsAre::On), "toolformer generate --model model --tools calculator");
        assert_eq!(line(ToolsAre::Off), "toolformer generate --model model --no-calls");
    }

    #[test]
    fn notes_lie_beside_the_run() {
        assert_eq!(beside(Path::new("runs/quickstart"), "answers"), Path::new("runs/quickstart.answers"));
    }
}
