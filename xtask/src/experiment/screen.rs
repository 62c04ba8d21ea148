//! Does a reward model that learnt a filter's verdicts know beforehand which calls are worth running and scoring?

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::marks::without_marks;
use super::{Files, Runner, SAMPLING, is_kept, timed, write_rows};
use crate::process;
use crate::quickstart::read_rows;

/// Train a reward model on the verdicts about some of GSM8K's worked answers, and let it screen the calls for others
///
/// Annotates and filters both, learns from the verdicts about the first, and prints for the others how many of the kept calls
/// are found among those that score best (recall), how many of those are kept (precision), and what screening costs and
/// saves.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// GSM8K's training problems, JSONL with `question` and `answer`
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// How many worked answers are learnt from, from the first on
    #[arg(long, value_name = "N", default_value_t = 700)]
    learnt: usize,
    /// How many further ones are screened
    #[arg(long, value_name = "N", default_value_t = 500)]
    held_out: usize,
    /// What a call has to gain to count as kept in what is learnt, in nats
    #[arg(long, value_name = "NATS", default_value_t = 0.25)]
    learnt_tau_f: f64,
    /// What a call has to gain to count as kept in what is screened, in nats
    #[arg(long, value_name = "NATS", default_value_t = 0.5)]
    tau_f: f64,
    /// The part of the calls that passes when time is taken
    #[arg(long, value_name = "PART", default_value_t = 0.25)]
    part: f64,
    /// Where all of it goes
    #[arg(long, value_name = "DIR", default_value = "runs/screen")]
    out: PathBuf,
    /// Further options of `reward train`, such as --epochs 3
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    #[command(flatten)]
    runner: Runner,
}

/// How it is trained, unless told otherwise.
const TRAIN_OPTIONS: &[&str] = &["--any-place", "--batch", "32", "--epochs", "2", "--centre", "0.01"];

/// The parts of the calls for which the table says what they hold.
const PARTS: [f64; 5] = [0.75, 0.5, 0.25, 0.1, 0.05];

const TOOLS: [&str; 2] = ["--tools", "calculator"];

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let rows = read_rows(&std::path::absolute(&args.data)?)?;
    if rows.len() < args.learnt + args.held_out {
        bail!("{} problems are too few; ask for fewer", rows.len());
    }
    let (learnt, rest) = rows.split_at(args.learnt);
    let (learnt_in, held_out_in) = (out.join("learnt"), out.join("held-out"));
    let learnt_files = with_texts(args, &learnt_in, learnt, 0)?;
    let held_out = with_texts(args, &held_out_in, &rest[..args.held_out], args.learnt)?;

    let judged = learnt_files.pipeline(&TOOLS)?;
    let reward = learn(args, &learnt_files, &judged, &out)?;

    // One that lets all pass, for the scores; all but its screening is what it would be without.
    let scored = Run { name: "scored", screen: screen(&reward, f64::NEG_INFINITY) }.go(args, &held_out)?;
    let calls = scored_calls(&scored.rows);
    let lowest = best(&calls, args.part).last().map_or(0.0, |call| call.score);
    let screened = Run { name: "screened", screen: screen(&reward, lowest) }.go(args, &held_out)?;

    println!("{}", table(&calls, args.tau_f));
    println!("{}", costs(args.tau_f, &scored, &screened));
    println!("All of it is in {}.", out.display());
    Ok(())
}

/// A folder with the worked answers of these problems, without their marks.
fn with_texts<'a>(args: &'a Args, folder: &'a Path, problems: &[Value], first: usize) -> Result<Files<'a>> {
    let files = args.runner.files(folder)?;
    let row = |(number, problem): (usize, &Value)| {
        let answer = problem["answer"].as_str().context("a problem has no `answer`: is this GSM8K?")?;
        Ok(json!({"id": (first + number).to_string(), "text": without_marks(answer).0}))
    };
    let rows: Vec<Value> = problems.iter().enumerate().map(row).collect::<Result<_>>()?;
    write_rows(&files.file("texts.jsonl"), &rows)?;
    Ok(files)
}

/// Trains on the verdicts as they would be at the lower threshold; returns the model's folder.
fn learn(args: &Args, files: &Files<'_>, judged: &[Value], out: &Path) -> Result<PathBuf> {
    let run = files.file("run");
    std::fs::create_dir_all(&run).with_context(|| format!("cannot make {}", run.display()))?;
    let as_if = |candidate: &Value| {
        let mut candidate = candidate.clone();
        candidate["kept"] = is_kept(&candidate, args.learnt_tau_f).into();
        candidate
    };
    write_rows(&run.join("candidates.jsonl"), &judged.iter().map(as_if).collect::<Vec<_>>())?;
    let reward = out.join("reward");
    let mut train = files.command("reward");
    train.arg("train").arg("--model").arg(&files.model).arg("--from-run").arg(&run);
    train.arg("--texts").arg(files.file("texts.jsonl")).args(TRAIN_OPTIONS).args(&args.options);
    timed(train.arg("--out").arg(&reward))?;
    Ok(reward.join("model"))
}

fn screen(reward: &Path, score: f64) -> Vec<String> {
    vec!["--screen".into(), reward.to_string_lossy().into(), format!("--screen-score={score}")]
}

/// Annotating and filtering the same texts, in one way.
struct Run {
    name: &'static str,
    screen: Vec<String>,
}

/// What came of it.
struct Done {
    rows: Vec<Value>,
    annotate: Value,
    filter: Value,
}

impl Run {
    fn go(&self, args: &Args, files: &Files<'_>) -> Result<Done> {
        let file = |name: &str| files.file(&format!("{name}-{}.jsonl", self.name));
        let with_texts = |name: &str| {
            let mut command = files.command(name);
            command
                .arg("--model")
                .arg(&files.model)
                .arg("--texts")
                .arg(files.file("texts.jsonl"))
                .arg("--json");
            command
        };
        let (candidates, filtered) = (file("candidates"), file("filtered"));
        let stats = |command: &mut std::process::Command, step: &str| -> Result<Value> {
            let found = files.file(&format!("{step}-{}.json", self.name));
            process::run_into(command, &found)?;
            Ok(serde_json::from_str(&std::fs::read_to_string(&found)?)?)
        };
        let mut annotate = with_texts("annotate");
        annotate.args(SAMPLING).args(TOOLS).args(&self.screen).arg("--out").arg(&candidates);
        let annotate = stats(&mut annotate, "annotate")?;
        let mut filter = with_texts("filter");
        filter.arg("--candidates").arg(&candidates).args(["--tau-f", &args.tau_f.to_string()]);
        let filter = stats(filter.arg("--out").arg(&filtered), "filter")?;
        Ok(Done { rows: read_rows(&filtered)?, annotate, filter })
    }
}

/// A call that was run, what the reward model said before and the filter after.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scored {
    score: f64,
    p_start: f64,
    delta: f64,
}

fn scored_calls(rows: &[Value]) -> Vec<Scored> {
    let call = |row: &Value| {
        let number = |field: &str| row[field].as_f64();
        Some(Scored { score: number("screen_score")?, p_start: number("p_start")?, delta: number("delta")? })
    };
    rows.iter().filter_map(call).collect()
}

/// The best part of the calls, the best first.
fn best(calls: &[Scored], part: f64) -> Vec<Scored> {
    ranked(calls, part, |call| call.score)
}

fn ranked(calls: &[Scored], part: f64, by: impl Fn(&Scored) -> f64) -> Vec<Scored> {
    let mut calls = calls.to_vec();
    calls.sort_by(|a, b| by(b).total_cmp(&by(a)));
    calls.truncate((calls.len() as f64 * part).round() as usize);
    calls
}

fn count_kept(calls: &[Scored], tau_f: f64) -> usize {
    calls.iter().filter(|call| call.delta >= tau_f).count()
}

/// How often a kept call stands before one that is not, equal ones half; none without both.
fn area(calls: &[Scored], tau_f: f64, by: impl Fn(&Scored) -> f64) -> Option<f64> {
    let (kept, other): (Vec<&Scored>, Vec<&Scored>) = calls.iter().partition(|call| call.delta >= tau_f);
    let pairs = kept.len() * other.len();
    let won = |kept: &&Scored, other: &&Scored| match by(kept).total_cmp(&by(other)) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let wins: f64 = kept.iter().flat_map(|kept| other.iter().map(move |other| won(kept, other))).sum();
    (pairs > 0).then(|| wins / pairs as f64)
}

fn table(calls: &[Scored], tau_f: f64) -> String {
    let all = count_kept(calls, tau_f);
    let mut out = format!("{} calls with a result, {all} kept at tau_f = {tau_f}\n\n", calls.len());
    let _ = writeln!(
        out,
        "{:<12}{:>8}{:>8}{:>12}{:>10}{:>22}",
        "passes", "calls", "kept", "precision", "recall", "recall by p_start"
    );
    let percent = |part: usize, of: usize| match of {
        0 => "-".to_owned(),
        of => format!("{:.1} %", 100.0 * part as f64 / of as f64),
    };
    for part in [1.0].into_iter().chain(PARTS) {
        let passed = best(calls, part);
        let kept = count_kept(&passed, tau_f);
        let by_p_start = count_kept(&ranked(calls, part, |call| call.p_start), tau_f);
        let _ = writeln!(
            out,
            "{:<12}{:>8}{kept:>8}{:>12}{:>10}{:>22}",
            format!("{:.0} %", 100.0 * part),
            passed.len(),
            percent(kept, passed.len()),
            percent(kept, all),
            percent(by_p_start, all)
        );
    }
    let area = |by: fn(&Scored) -> f64| {
        area(calls, tau_f, by).map_or_else(|| "-".to_owned(), |area| format!("{area:.3}"))
    };
    let _ = write!(
        out,
        "\nA kept call scores higher than one that is not with a probability of {}; by p_start {}.\n",
        area(|call| call.score),
        area(|call| call.p_start)
    );
    out
}

/// What both took; the first is shown without its screening.
fn costs(tau_f: f64, all_pass: &Done, screened: &Done) -> String {
    let mut out = format!(
        "{:<20}{:>10}{:>10}{:>10}{:>10}{:>14}{:>14}{:>8}\n",
        "seconds", "annotate", "screen", "execute", "filter", "screen tok.", "filter tok.", "kept"
    );
    for (name, done, has_screen) in [("without a screen", all_pass, false), ("with one", screened, true)] {
        let stage = |name: &str| match name {
            "filter" => &done.filter["stages"][name],
            _ => &done.annotate["stages"][name],
        };
        let seconds = |name: &str| stage(name)["seconds"].as_f64().unwrap_or(0.0);
        let tokens = |name: &str| stage(name)["tokens"].as_u64().unwrap_or(0);
        let kept = done.rows.iter().filter(|row| is_kept(row, tau_f)).count();
        let _ = writeln!(
            out,
            "{name:<20}{:>10.1}{:>10.1}{:>10.3}{:>10.1}{:>14}{:>14}{kept:>8}",
            seconds("annotate"),
            if has_screen { seconds("screen") } else { 0.0 },
            seconds("execute"),
            seconds("filter"),
            if has_screen { tokens("screen") } else { 0 },
            tokens("filter"),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores fall, and only the second and the last are kept.
    fn calls() -> Vec<Scored> {
        let call = |(n, delta): (usize, f64)| Scored { score: -(n as f64), p_start: 0.5, delta };
        [0.1, 0.9, -1.0, 0.6].into_iter().enumerate().map(call).collect()
    }

    #[test]
    fn the_best_pass() {
        assert_eq!(best(&calls(), 0.5), &calls()[..2]);
        assert_eq!(best(&calls(), 1.0), calls());
    }

    #[test]
    fn the_area_counts_pairs_in_order() {
        // Of four pairs only the second call is before the third.
        assert_eq!(area(&calls(), 0.5, |call| call.score), Some(0.25));
        assert_eq!(area(&calls(), 0.5, |call| call.p_start), Some(0.5));
        assert_eq!(area(&calls(), 2.0, |call| call.score), None);
    }

    #[test]
    fn precision_and_recall_are_of_what_passes() {
        let table = table(&calls(), 0.5);
        let line = table.lines().find(|line| line.starts_with("50 %")).unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            ["50", "%", "2", "1", "50.0", "%", "50.0", "%", "50.0", "%"]
        );
    }

    #[test]
    fn only_calls_with_a_score_and_losses_are_counted() {
        let rows = [
            json!({"screen_score": 1.0, "p_start": 0.1, "delta": 0.2}),
            json!({"screen_score": 1.0, "p_start": 0.1}),
            json!({"p_start": 0.1, "delta": 0.2}),
        ];
        assert_eq!(scored_calls(&rows), [Scored { score: 1.0, p_start: 0.1, delta: 0.2 }]);
    }
}
