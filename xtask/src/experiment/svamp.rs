//! Does a small model that taught itself the calculator solve SVAMP's problems better, and is it as good without it?

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::marks::without_marks;
use super::word_problems::word_problems;
use super::{Files, Runner, timed};
use crate::assets::WIKI;
use crate::quickstart::read_rows;
use crate::{fetch, process};

/// Teach a model the calculator on plain texts with arithmetic, and ask it SVAMP's problems under the paper's four conditions
///
/// The texts: GSM8K's training problems with their worked answers, whose marks are taken out, and word problems of our own with
/// their answers. "+ CC" learns the same texts without calls, by the same settings. Prints the four conditions, the sweep of
/// decoding's k, and perplexity on introductions of Wikipedia with tools disabled; report.html shows them. SVAMP is only asked,
/// never learnt.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// SVAMP.json
    #[arg(long, value_name = "FILE")]
    svamp: PathBuf,
    /// GSM8K's training problems, JSONL with `question` and `answer`
    #[arg(long, value_name = "FILE")]
    gsm8k: PathBuf,
    /// How many of GSM8K's problems are learnt from, from the first on
    #[arg(long, value_name = "N", default_value_t = 400)]
    worked: usize,
    /// How many word problems of our own
    #[arg(long, value_name = "N", default_value_t = 1200)]
    own: usize,
    /// Ask only so many of SVAMP's problems, drawn by the seed: those that settings may be chosen by
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Seed of the texts, of teaching and of the draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How often: the taught model annotates the texts again
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// How many introductions of Wikipedia perplexity is measured on
    #[arg(long, value_name = "N", default_value_t = 200)]
    held_out: usize,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/svamp")]
    out: PathBuf,
    /// Further options of `teach`, such as --full
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    #[command(flatten)]
    runner: Runner,
}

/// How calls are sampled and filtered, unless told otherwise.
const SAMPLING: &[&str] = &[
    "--k",
    "3",
    "--m",
    "8",
    "--max-call-tokens",
    "20",
    "--constrain",
    "--no-look-ahead",
    "--mask-responses",
];

/// How models are trained, both of them.
const TRAINING: &[&str] = &["--batch", "16", "--epochs", "3", "--learning-rate", "5e-4", "--keep", "last"];

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let svamp = std::path::absolute(&args.svamp)?;
    write_rows(&files.file("texts.jsonl"), &texts(args)?)?;

    let taught = teach(args, &files)?;
    let continued = continue_without_calls(args, &files, &taught)?;
    let models = [
        ("plain", files.model.clone()),
        ("plain-finetuned", continued),
        ("toolformer-disabled", taught.join("model")),
        ("toolformer", taught.join("model")),
    ];
    let (mut asked, mut predicted) = (Vec::new(), Vec::new());
    let wiki = files.file("wikipedia.jsonl");
    write_rows(
        &wiki,
        &read_rows(&fetch::ensure(&WIKI)?)?.into_iter().take(args.held_out).collect::<Vec<_>>(),
    )?;
    for (condition, model) in &models {
        let mut command = eval(&files, condition, model);
        command.args(["--task", "svamp", "--data"]).arg(&svamp).args(["--seed", &args.seed.to_string()]);
        if let Some(limit) = args.limit {
            command.args(["--limit", &limit.to_string()]);
        }
        let folder = files.file(&format!("svamp-{condition}"));
        timed(command.arg("--out").arg(&folder))?;
        asked.push(folder);
        if *condition != "toolformer" {
            let folder = files.file(&format!("perplexity-{condition}"));
            let mut command = eval(&files, condition, model);
            command.args(["--task", "texts", "--data"]).arg(&wiki);
            timed(command.arg("--out").arg(&folder))?;
            predicted.push(folder);
        }
    }
    let mut sweep = files.command("eval");
    sweep.args(["--task", "svamp", "--data"]).arg(&svamp).args(["--seed", &args.seed.to_string()]);
    sweep.args(["--tools", "calculator", "--sweep-k", "0,1,3,10"]);
    if let Some(limit) = args.limit {
        sweep.args(["--limit", &limit.to_string()]);
    }
    timed(sweep.arg("--model").arg(taught.join("model")).arg("--out").arg(files.file("sweep")))?;

    let mut report = files.command("eval");
    report.arg("report").args(&asked).args(&predicted);
    timed(report.arg("--out").arg(files.file("report.html")))?;
    println!("{}", table(&asked, &predicted)?);
    println!("{}", std::fs::read_to_string(files.file("sweep").join("sweep.md"))?);
    println!("All of it is in {}.", out.display());
    Ok(())
}

/// GSM8K's problems with their worked answers, and ours, in turn.
fn texts(args: &Args) -> Result<Vec<Value>> {
    let problems = read_rows(&std::path::absolute(&args.gsm8k)?)?;
    if problems.len() < args.worked {
        bail!("{} problems are too few; ask for fewer", problems.len());
    }
    let mut texts = word_problems(args.own, args.seed);
    for (number, problem) in problems.iter().take(args.worked).enumerate() {
        let field = |name: &str| {
            problem[name].as_str().with_context(|| format!("a problem has no `{name}`: is this GSM8K?"))
        };
        let text = format!("{} {}", field("question")?, without_marks(field("answer")?).0);
        texts.push(json!({"id": format!("gsm8k-{number}"), "text": text}));
    }
    Ok(texts)
}

fn write_rows(path: &Path, rows: &[Value]) -> Result<()> {
    let mut lines = String::new();
    for row in rows {
        let _ = writeln!(lines, "{row}");
    }
    std::fs::write(path, lines).with_context(|| format!("cannot write {}", path.display()))
}

/// The folder of the last round.
fn teach(args: &Args, files: &Files<'_>) -> Result<PathBuf> {
    let run = files.file("taught");
    let mut teach = files.command("teach");
    teach.arg("--model").arg(&files.model).arg("--texts").arg(files.file("texts.jsonl"));
    teach.args(["--tools", "calculator", "--held-out", "0.05"]).args(SAMPLING).args(TRAINING);
    teach.args(["--seed", &args.seed.to_string(), "--rounds", &args.rounds.to_string()]).args(&args.options);
    timed(teach.arg("--out").arg(&run))?;
    Ok(if args.rounds > 1 { run.join(format!("round-{}", args.rounds)) } else { run })
}

/// Trains on the texts that calls were kept for, without them: "+ CC".
fn continue_without_calls(args: &Args, files: &Files<'_>, taught: &Path) -> Result<PathBuf> {
    let woven = read_rows(&taught.join("train.jsonl"))?;
    let learnt: HashSet<String> = woven.iter().map(|row| row["text_id"].to_string()).collect();
    let texts = read_rows(&files.file("texts.jsonl"))?;
    let same: Vec<Value> =
        texts.into_iter().filter(|text| learnt.contains(&text["id"].to_string())).collect();
    if same.len() != learnt.len() {
        bail!("{} of the {} texts with calls are in texts.jsonl", same.len(), learnt.len());
    }
    write_rows(&files.file("without-calls.jsonl"), &same)?;
    let out = files.file("continued");
    let mut finetune = files.command("finetune");
    finetune.arg("--model").arg(&files.model).arg("--data").arg(files.file("without-calls.jsonl"));
    finetune.args(TRAINING).args(["--seed", &args.seed.to_string()]);
    // What it shares with `teach`: how weights are trained.
    if args.options.iter().any(|option| option == "--full") {
        finetune.arg("--full");
    }
    timed(finetune.arg("--out").arg(&out))?;
    Ok(out.join("model"))
}

fn eval(files: &Files<'_>, condition: &str, model: &Path) -> std::process::Command {
    let mut command = files.command("eval");
    command.arg("--model").arg(model).args(["--condition", condition]);
    match condition {
        "toolformer" => command.args(["--tools", "calculator"]),
        "toolformer-disabled" => command.arg("--no-calls"),
        _ => &mut command,
    };
    command
}

fn table(asked: &[PathBuf], predicted: &[PathBuf]) -> Result<String> {
    let summary = |folder: &PathBuf| -> Result<Value> {
        let file = folder.join("summary.json");
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    };
    let mut out =
        format!("{:<26}{:>8}{:>20}{:>12}{:>10}\n", "SVAMP", "right", "interval", "with a call", "seconds");
    for folder in asked {
        let found = summary(folder)?;
        let part = |name: &str| 100.0 * found["metrics"]["accuracy"][name].as_f64().unwrap_or(f64::NAN);
        let _ = writeln!(
            out,
            "{:<26}{:>6.1} %{:>20}{:>10.1} %{:>10.0}",
            found["condition"].as_str().unwrap_or_default(),
            part("value"),
            format!("{:.1} to {:.1}", part("low"), part("high")),
            100.0 * found["calls"]["rate"].as_f64().unwrap_or(f64::NAN),
            found["seconds"].as_f64().unwrap_or(f64::NAN)
        );
    }
    let _ = writeln!(out, "\n{:<26}{:>8}", "Wikipedia", "perplexity");
    for folder in predicted {
        let found = summary(folder)?;
        let value = found["metrics"]["perplexity"]["value"].as_f64().unwrap_or(f64::NAN);
        let _ = writeln!(out, "{:<26}{value:>8.3}", found["condition"].as_str().unwrap_or_default());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_conditions_and_perplexities() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name: &str, summary: Value| {
            let run = folder.path().join(name);
            std::fs::create_dir(&run).unwrap();
            std::fs::write(run.join("summary.json"), summary.to_string()).unwrap();
            run
        };
        let asked = run(
            "a",
            json!({"condition": "toolformer", "metrics": {"accuracy": {"value": 0.1, "low": 0.08, "high": 0.12}},
                "calls": {"rate": 0.5}, "seconds": 10.0}),
        );
        let predicted = run("b", json!({"condition": "plain", "metrics": {"perplexity": {"value": 20.5}}}));
        let table = table(&[asked], &[predicted]).unwrap();
        assert!(
            table.contains("10.0 %") && table.contains("8.0 to 12.0") && table.contains("20.500"),
            "{table}"
        );
    }
}
