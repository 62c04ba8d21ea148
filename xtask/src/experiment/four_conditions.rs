//! The paper's four conditions on tasks: a model as it was, trained on the same texts without calls, taught with its tools
//! disabled, and taught.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::charts::write_charts;
use super::{Files, timed, write_rows};
use crate::assets::WEB;
use crate::fetch;
use crate::quickstart::read_rows;

mod options;

pub(super) use self::options::{Options, introductions, training, tuning, words};

/// What is asked.
pub(super) struct Asked {
    /// The task's name, or its file.
    pub(super) task: String,
    /// Its data, if it has any.
    pub(super) data: Option<PathBuf>,
    /// Ask only so many of its items, drawn by the seed.
    pub(super) limit: Option<usize>,
}

/// What is learnt from.
pub(super) const TEXTS: &str = "texts.jsonl";
/// Introductions of Wikipedia that are not.
pub(super) const HELD_OUT: &str = "wikipedia-held-out.jsonl";

/// What is done; the texts are in the folder.
pub(super) struct FourConditions<'a> {
    files: &'a Files<'a>,
    /// The tools, with commas between them.
    tools: &'a str,
    /// Options of `teach` about sampling and filtering.
    sampling: Vec<String>,
    /// Options of `teach` and `finetune` about training.
    training: Vec<String>,
    rounds: usize,
    seed: u64,
    asked: Vec<Asked>,
    /// How many introductions of Wikipedia perplexity is measured on, and how many texts of the web.
    held_out: usize,
}

/// The day that it is for tools where a text or a question has none.
const NOW: &str = "2023-01-30";

/// The paper's k of Table 9.
const SWEEP: [usize; 4] = [0, 1, 3, 10];

impl FourConditions<'_> {
    /// Does what is not done yet, and prints the tables.
    pub(super) fn run(&self) -> Result<()> {
        let files = self.files;
        self.teach()?;
        let continued = self.continue_without_calls()?;
        let taught = self.round(self.rounds).join("model");
        let (mut runs, mut sweeps) = (Vec::new(), String::new());
        for asked in &self.asked {
            for (condition, model) in [("plain", &files.model), ("plain-finetuned", &continued)] {
                let folder = files.file(&format!("{}-{condition}", asked.task));
                let mut command = ask(files, asked, self.seed, model);
                timed(command.args(["--condition", condition]).arg("--out").arg(&folder))?;
                runs.push(folder);
            }
            // k = 0 is Toolformer disabled, k = 10 the paper's Toolformer.
            let folder = files.file(&format!("{}-toolformer", asked.task));
            let mut command = ask(files, asked, self.seed, &taught);
            command
                .args(["--tools", self.tools, "--now", NOW, "--sweep-k"])
                .arg(SWEEP.map(|k| k.to_string()).join(","));
            timed(command.arg("--out").arg(&folder))?;
            runs.extend(SWEEP.map(|k| folder.join(format!("k-{k}"))));
            let table = std::fs::read_to_string(folder.join("sweep.md"))?;
            let _ = writeln!(sweeps, "{table}");
        }
        for (name, data) in [("wikipedia", files.file(HELD_OUT)), ("web", fetch::ensure(&WEB)?)] {
            // Each a task of its own, so that tables and the report keep them apart.
            let task = files.file(&format!("{name}.toml"));
            std::fs::write(&task, text_task(name))
                .with_context(|| format!("cannot write {}", task.display()))?;
            let texts = Asked {
                task: task.to_string_lossy().into_owned(),
                data: Some(data),
                limit: Some(self.held_out),
            };
            let models =
                [("plain", &files.model), ("plain-finetuned", &continued), ("toolformer-disabled", &taught)];
            for (condition, model) in models {
                let folder = files.file(&format!("{name}-{condition}"));
                let mut command = ask(files, &texts, self.seed, model);
                timed(command.args(["--condition", condition]).arg("--out").arg(&folder))?;
                runs.push(folder);
            }
        }
        let mut report = files.command("eval");
        report.arg("report").args(&runs).arg("--out").arg(files.file("report.html"));
        timed(&mut report)?;
        let charts = files.file("charts");
        write_charts(&files.file("report.html"), &charts, "")?;
        for round in 1..=self.rounds {
            let page = self.round(round).join("report.html");
            write_charts(&page, &charts, &format!("round-{round}-"))?;
        }
        println!("{}", table(&runs)?);
        println!("{}", self.costs()?);
        println!("{sweeps}All of it is in {}.", files.out.display());
        Ok(())
    }

    /// Seconds and tokens of teaching, by what the runs themselves have counted, over all legs of it.
    fn costs(&self) -> Result<String> {
        let mut out = format!("{:<24}{:>12}{:>12}\n", "teaching", "tokens", "seconds");
        for round in 1..=self.rounds {
            let stats: Value = read_json(&self.round(round).join("stats.json"))?;
            for (stage, cost) in stats["stages"].as_object().into_iter().flatten() {
                let (tokens, seconds) = (&cost["tokens"], cost["seconds"].as_f64().unwrap_or(f64::NAN));
                let _ = writeln!(out, "{:<24}{tokens:>12}{seconds:>12.0}", format!("round {round}, {stage}"));
            }
        }
        Ok(out)
    }

    /// The folder of a round, from 1 on.
    fn round(&self, round: usize) -> PathBuf {
        let run = self.files.file("taught");
        if self.rounds > 1 { run.join(format!("round-{round}")) } else { run }
    }

    fn teach(&self) -> Result<()> {
        let run = self.files.file("taught");
        let mut teach = self.files.command("teach");
        teach.arg("--model").arg(&self.files.model).arg("--texts").arg(self.files.file(TEXTS));
        teach.args(["--tools", self.tools, "--held-out", "0.05", "--seed", &self.seed.to_string()]);
        teach
            .args(["--now", NOW, "--rounds", &self.rounds.to_string()])
            .args(&self.sampling)
            .args(&self.training);
        timed(teach.arg("--out").arg(&run))
    }

    /// Trains, round by round as the taught model was, on the texts that calls were kept for, without these ("+ CC"); the
    /// model's folder.
    fn continue_without_calls(&self) -> Result<PathBuf> {
        let texts = read_rows(&self.files.file(TEXTS))?;
        let mut model = self.files.model.clone();
        for round in 1..=self.rounds {
            let same = without_calls(&texts, &read_rows(&self.round(round).join("train.jsonl"))?)?;
            let out = self.files.file("continued").join(format!("round-{round}"));
            let data = self.files.file(&format!("without-calls-{round}.jsonl"));
            write_rows(&data, &same)?;
            let mut finetune = self.files.command("finetune");
            finetune.arg("--model").arg(&model).arg("--data").arg(data);
            finetune.args(&self.training).args(["--seed", &self.seed.to_string()]);
            timed(finetune.arg("--out").arg(&out))?;
            model = out.join("model");
        }
        Ok(model)
    }
}

/// A command that asks a model.
pub(super) fn ask(files: &Files<'_>, asked: &Asked, seed: u64, model: &Path) -> std::process::Command {
    let mut command = files.command("eval");
    command.arg("--model").arg(model).args(["--task", &asked.task, "--seed", &seed.to_string()]);
    if let Some(data) = &asked.data {
        command.arg("--data").arg(data);
    }
    if let Some(limit) = asked.limit {
        command.args(["--limit", &limit.to_string()]);
    }
    command
}

/// The texts that were woven, as they were.
pub(super) fn without_calls(texts: &[Value], woven: &[Value]) -> Result<Vec<Value>> {
    let learnt: HashSet<String> = woven.iter().map(|row| row["text_id"].to_string()).collect();
    let same: Vec<Value> =
        texts.iter().filter(|text| learnt.contains(&text["id"].to_string())).cloned().collect();
    if same.len() != learnt.len() {
        bail!("{} of the {} texts with calls are in texts.jsonl", same.len(), learnt.len());
    }
    Ok(same)
}

/// A task of texts whose perplexity is measured.
fn text_task(name: &str) -> String {
    format!(
        "name = \"{name}\"\ndescription = \"perplexity\"\nsource = \"cargo xtask experiment\"\nprompt = \"{{text}}\"\nmax_tokens = 0\n\n\
         [data]\nformat = \"texts\"\n\n[metric]\nkind = \"perplexity\"\n"
    )
}

pub(super) fn read_json(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// A figure and the ends of its interval.
pub(super) fn with_bounds(metric: &Value, factor: f64) -> [f64; 3] {
    ["value", "low", "high"].map(|name| factor * metric[name].as_f64().unwrap_or(f64::NAN))
}

/// What every run found.
fn table(runs: &[PathBuf]) -> Result<String> {
    let mut out = format!(
        "{:<10}{:<22}{:>14}{:>20}{:>14}{:>12}{:>10}\n",
        "task", "condition", "found", "interval", "with a call", "tokens", "seconds"
    );
    for folder in runs {
        let found = read_json(&folder.join("summary.json"))?;
        let text = |name: &str| found[name].as_str().unwrap_or_default().replace('_', " ");
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        let (metric, factor, unit) = match &found["metrics"] {
            metrics if metrics["perplexity"].is_object() => (&metrics["perplexity"], 1.0, "perplexity"),
            metrics => (&metrics["accuracy"], 100.0, "% right"),
        };
        let [value, low, high] = with_bounds(metric, factor);
        let tokens = number(&found["tokens"]["prompt"]) + number(&found["tokens"]["completion"]);
        let _ = writeln!(
            out,
            "{:<10}{:<22}{:>14}{:>20}{:>14}{tokens:>12}{:>10.0}",
            text("task"),
            named(&found),
            format!("{value:.2} {unit}"),
            format!("{low:.2} to {high:.2}"),
            format!("{:.1} %", 100.0 * number(&found["calls"]["rate"])),
            number(&found["seconds"])
        );
    }
    Ok(out)
}

/// A condition, with its k.
fn named(found: &Value) -> String {
    let condition = found["condition"].as_str().unwrap_or_default().replace('_', " ");
    found["k"].as_u64().map_or_else(|| condition.clone(), |k| format!("{condition}, k={k}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_texts_are_learnt_without_calls() {
        let text = |id: &str| json!({"id": id, "text": format!("text {id}")});
        let texts = ["a", "b", "c"].map(text);
        let woven = |id: &str| json!({"text_id": id, "text": "with [Calculator(1) -> 1] a call"});
        assert_eq!(without_calls(&texts, &[woven("c"), woven("a")]).unwrap(), [text("a"), text("c")]);
        assert!(without_calls(&texts, &[woven("d")]).is_err());
    }

    #[test]
    fn the_table_has_accuracies_and_perplexities() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name: &str, summary: Value| {
            let run = folder.path().join(name);
            std::fs::create_dir(&run).unwrap();
            std::fs::write(run.join("summary.json"), summary.to_string()).unwrap();
            run
        };
        let asked = json!({"task": "svamp", "condition": "toolformer_disabled", "k": 0, "calls": {"rate": 0.5}, "seconds": 10.0,
            "tokens": {"prompt": 100, "completion": 20},
            "metrics": {"accuracy": {"value": 0.1, "low": 0.08, "high": 0.12}}});
        let texts =
            json!({"task": "texts", "condition": "plain", "metrics": {"perplexity": {"value": 20.5}}});
        let table = table(&[run("a", asked), run("b", texts)]).unwrap();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1][..8], ["svamp", "toolformer", "disabled,", "k=0", "10.00", "%", "right", "8.00"]);
        assert!(lines[1].contains(&"120") && lines[2].contains(&"20.50"), "{table}");
    }
}
