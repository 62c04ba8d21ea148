//! The data step, sampling and filtering of calculator calls, beside a script on PyTorch that does the same.
//!
//! The peers' scripts lie in `xtask/peers/`, until there is a bench crate to hold them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context as _, Result};
use regex::Regex;
use serde_json::{Value, json};

use super::hf_folder::hf_folder;
use crate::assets::SMOLLM2;
use crate::build::build_for;
use crate::devices::LibTorchArgs;
use crate::quickstart::read_rows;
use crate::{fetch, process};

/// The few-shot prompt of both sides.
const PROMPT: &str = "xtask/peers/prompt.txt";
/// What the peer does, and so we do: k, m, the threshold and the length of a call.
const SAMPLING: &[&str] = &["--k", "5", "--m", "4", "--tau-s", "0", "--max-call-tokens", "18", "--seed", "0"];
/// Both sides use so many threads, and ours has so many units under way; the peer's script says so.
const THREADS: &str = "2";
/// What must be known to read the table.
const NOTES: &str = "\
A sample that cannot become a call any more is not drawn to its end here (it would be discarded in
any case); the peer draws on. Our seconds include loading the model, twice; the peer's do not.";
/// The peer cuts its texts to so many characters.
const MAX_CHARS: usize = 300;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    pub(super) static CALCULATION: LazyLock<Regex> = LazyLock::new(|| Regex::new("<<.*?>>").unwrap());
    pub(super) static PEER_LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^(\d+) \{.*'cand': (\d+).*'exec': (\d+), 'kept05': (\d+).*\} (\d+)s$").unwrap()
    });
}

/// Sample and filter calculator calls on GSM8K rationales, beside transformers on PyTorch
///
/// Same texts, same prompt, k = 5 positions, m = 4 samples, at most 18 tokens, threshold 0.5, two threads. The
/// peer needs a Python with `torch transformers gguf accelerate safetensors`. Its time starts when its model is
/// loaded; ours includes loading.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many texts
    #[arg(long, value_name = "N", default_value_t = 10)]
    texts: usize,
    /// The device of our side: cpu or tch
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    /// The Python that has the peer's packages, and LibTorch for --device tch
    #[command(flatten)]
    libtorch: LibTorchArgs,
    /// GSM8K's training questions, as JSONL
    #[arg(long, value_name = "FILE", default_value = "../shared/data/gsm8k_train.jsonl")]
    gsm8k: PathBuf,
    /// Where the inputs and outputs go
    #[arg(long, value_name = "DIR", default_value = "runs/bench-annotate")]
    out: PathBuf,
    /// Measure this program only
    #[arg(long)]
    no_peer: bool,
}

/// What one side did.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    texts: f64,
    candidates: f64,
    executed: f64,
    kept: f64,
    seconds: f64,
    /// Tokens through the model and seconds of each stage, where they are known.
    stages: Vec<(&'static str, f64, f64)>,
}

/// Runs both sides and prints the comparison.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = process::root();
    let (out, gsm8k) = (root.join(&args.out), root.join(&args.gsm8k));
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let model = fetch::ensure(&SMOLLM2)?;
    let texts = out.join("rationales.jsonl");
    let questions =
        read_rows(&gsm8k).context("the benchmark needs GSM8K's training questions: name them by --gsm8k")?;
    let rationales = questions.iter().take(args.texts).enumerate();
    let lines: String = rationales.map(|(n, row)| rationale(n, row).to_string() + "\n").collect();
    std::fs::write(&texts, lines).with_context(|| format!("cannot write {}", texts.display()))?;

    let ours = ours(args, &model, &texts, &out)?;
    let peer = if args.no_peer { None } else { Some(peer(args, &gsm8k, &model, &out)?) };
    println!("{}\n{}", table(&ours, peer.as_ref()), stages(&ours));
    Ok(())
}

/// A question's worked answer as the peer reads it, with the blank that the peer puts before it.
fn rationale(number: usize, question: &Value) -> Value {
    let answer = question["answer"].as_str().unwrap_or_default();
    let answer = patterns::CALCULATION.replace_all(answer, "");
    let worked = answer.split("####").next().unwrap_or_default().trim().replace('\n', " ");
    let cut: String = worked.chars().take(MAX_CHARS).collect();
    json!({"id": number.to_string(), "text": format!(" {cut}")})
}

fn ours(args: &Args, model: &Path, texts: &Path, out: &Path) -> Result<Figures> {
    let (toolformer, libraries) = build_for(std::slice::from_ref(&args.device), &args.libtorch)?;
    let stage = |name: &str| {
        let mut command = stage(&toolformer, name, model, texts);
        command
            .args(["--device", &args.device])
            .envs(libraries.iter().map(|folders| ("LD_LIBRARY_PATH", folders)));
        command
    };
    let (sampled, filtered) = (out.join("candidates.jsonl"), out.join("filtered.jsonl"));
    for old in [&sampled, &filtered] {
        delete_output(old)?;
    }
    let mut annotate = stage("annotate");
    annotate
        .args(["--tools", "calculator", "--prompt-file", PROMPT])
        .args(SAMPLING)
        .arg("--out")
        .arg(&sampled);
    let stats = out.join("annotate.json");
    let annotating = process::run_into(annotate.arg("--json"), &stats)?;
    let annotated = read_rows(&stats)?;
    let mut filter = stage("filter");
    filter.arg("--candidates").arg(&sampled).args(["--tau-f", "0.5"]).arg("--out").arg(&filtered);
    let stats = out.join("filter.json");
    let filtering = process::run_into(filter.arg("--json"), &stats)?;
    let mut figures = count(&read_rows(&filtered)?);
    for (name, rows) in [("annotate", annotated), ("filter", read_rows(&stats)?)] {
        let stage = rows.first().map_or(&Value::Null, |stats| &stats["stages"][name]);
        let number = |key: &str| stage[key].as_f64().unwrap_or(0.0);
        figures.stages.push((name, number("tokens"), number("seconds")));
    }
    figures.texts = read_rows(texts)?.len() as f64;
    figures.seconds = (annotating + filtering).as_secs_f64();
    Ok(figures)
}

/// The start of a command, with as many threads as the peer has.
fn stage(toolformer: &Path, name: &str, model: &Path, texts: &Path) -> Command {
    let mut command = process::command(toolformer);
    command.env("RAYON_NUM_THREADS", THREADS);
    command.arg(name).arg("--model").arg(model).arg("--texts").arg(texts);
    command.args(["--unit-texts", "10", "--workers", THREADS]);
    command
}

/// Deletes a file of an earlier run, which would be continued, and the log of its units beside it.
pub(super) fn delete_output(file: &Path) -> Result<()> {
    let mut log = file.as_os_str().to_owned();
    log.push(".units");
    for old in [file, Path::new(&log)] {
        if old.exists() {
            std::fs::remove_file(old).with_context(|| format!("cannot delete {}", old.display()))?;
        }
    }
    Ok(())
}

/// Counts different candidates, as the peer does.
fn count(candidates: &[Value]) -> Figures {
    let count = |wanted: &dyn Fn(&Value) -> bool| candidates.iter().filter(|row| wanted(row)).count() as f64;
    Figures {
        candidates: count(&|row| row["status"] != "duplicate"),
        executed: count(&|row| row["status"] == "ok"),
        kept: count(&|row| row["kept"] == true),
        ..Figures::default()
    }
}

fn peer(args: &Args, gsm8k: &Path, model: &Path, out: &Path) -> Result<Figures> {
    let python = args.libtorch.python().unwrap_or("python3");
    let folder = hf_folder(python.as_ref(), model)?;
    let log = out.join("peer.log");
    let mut annotate = process::command(python);
    annotate.arg("xtask/peers/hf_annotate.py").arg(&folder).arg(gsm8k).arg(args.texts.to_string());
    let wall = process::run_into(&mut annotate, &log)?;
    let printed = std::fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    eprintln!("the peer took {:.0} s in all, loading included", wall.as_secs_f64());
    peer_figures(&printed).with_context(|| format!("the peer printed no figures: see {}", log.display()))
}

/// The peer prints a line of totals after each text; the last one counts.
fn peer_figures(printed: &str) -> Option<Figures> {
    let last = patterns::PEER_LINE.captures_iter(printed).last()?;
    let [texts, candidates, executed, kept, seconds] =
        last.extract().1.map(|digits| digits.parse().unwrap_or(0.0));
    Some(Figures { texts, candidates, executed, kept, seconds, stages: Vec::new() })
}

fn table(ours: &Figures, peer: Option<&Figures>) -> String {
    let mut out = format!("{:<28}{:>12}{:>12}{:>8}\n", "", "toolformer", "peer", "ratio");
    type Column = fn(&Figures) -> f64;
    let rows: [(&str, Column, usize, bool); 7] = [
        ("texts", |f| f.texts, 0, false),
        ("candidates, all different", |f| f.candidates, 0, false),
        ("calls executed", |f| f.executed, 0, false),
        ("calls kept at 0.5", |f| f.kept, 0, false),
        ("seconds", |f| f.seconds, 1, false),
        ("texts/s", |f| f.texts / f.seconds, 3, true),
        ("candidates/s", |f| f.candidates / f.seconds, 2, true),
    ];
    for (name, value, decimals, compared) in rows {
        let own = value(ours);
        let other = peer.map(value);
        let shown = other.map_or_else(|| "-".to_owned(), |other| format!("{other:.decimals$}"));
        let ratio =
            other.filter(|_| compared).map_or_else(String::new, |other| format!("{:.2}", own / other));
        let line = format!("{name:<28}{own:>12.decimals$}{shown:>12}{ratio:>8}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(NOTES);
    out
}

/// Multiplications and additions of SmolLM2-135M for a token: two for each weight of a matrix. The head, a fifth of them, is
/// needed for fewer tokens, and attention is not counted.
const GFLOP_PER_TOKEN: f64 = 2.0 * 0.1345;

/// Where our time goes: without loading the model.
fn stages(ours: &Figures) -> String {
    let mut out =
        format!("\n{:<28}{:>10}{:>10}{:>12}{:>12}\n", "", "tokens", "seconds", "tokens/s", "GFLOP/s");
    for &(name, tokens, seconds) in &ours.stages {
        let rate = tokens / seconds.max(1e-9);
        out.push_str(&format!(
            "{name:<28}{tokens:>10.0}{seconds:>10.1}{rate:>12.0}{:>12.0}\n",
            rate * GFLOP_PER_TOKEN
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_get_the_same_prompt() {
        let peers = process::root().join("xtask/peers");
        let prompt = std::fs::read_to_string(peers.join("prompt.txt")).unwrap();
        let script = std::fs::read_to_string(peers.join("hf_annotate.py")).unwrap();
        // Our texts begin with the blank that the peer's prompt has before its slot.
        assert!(script.contains(&format!("'''{}'''", prompt.replace("{text}", " %s"))));
    }

    #[test]
    fn a_rationale_is_cut_as_the_peer_cuts_it() {
        let answer = "She sold 48/2 = <<48/2=24>>24 clips.\nIn all 48+24 = <<48+24=72>>72.\n#### 72";
        let row = rationale(3, &json!({"answer": answer}));
        assert_eq!(row, json!({"id": "3", "text": " She sold 48/2 = 24 clips. In all 48+24 = 72."}));
        let long = rationale(0, &json!({"answer": "\u{e9}".repeat(400)}));
        assert_eq!(long["text"].as_str().unwrap().chars().count(), 301);
    }

    #[test]
    fn an_old_output_goes_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for name in ["c.jsonl", "c.jsonl.units", "other.jsonl"] {
            std::fs::write(file(name), "").unwrap();
        }
        delete_output(&file("c.jsonl")).unwrap();
        delete_output(&file("c.jsonl")).unwrap();
        let left: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [file("other.jsonl")]);
    }

    #[test]
    fn our_threads_are_the_peers() {
        let line = process::shell_line(&stage(
            Path::new("toolformer"),
            "filter",
            Path::new("model"),
            Path::new("texts"),
        ));
        assert!(line.starts_with("RAYON_NUM_THREADS=2 toolformer filter --model model"), "{line}");
        assert!(line.ends_with(" --workers 2"), "{line}");
        let script = process::root().join("xtask/peers/hf_annotate.py");
        assert!(std::fs::read_to_string(script).unwrap().contains("set_num_threads(2)"));
    }

    #[test]
    fn the_peers_last_line_counts() {
        let printed = "1 {'texts': 1, 'pos': 5, 'cand': 18, 'parsed': 9, 'exec': 7, 'kept05': 0, 'kept1': 0, 'kept0': 2} 11s\n\
                       2 {'texts': 2, 'pos': 10, 'cand': 37, 'parsed': 20, 'exec': 15, 'kept05': 1, 'kept1': 0, 'kept0': 4} 24s\n\
                       {'texts': 2}\n";
        let expected = Figures {
            texts: 2.0,
            candidates: 37.0,
            executed: 15.0,
            kept: 1.0,
            seconds: 24.0,
            ..Figures::default()
        };
        assert_eq!(peer_figures(printed), Some(expected));
        assert_eq!(peer_figures("Traceback"), None);
    }

    #[test]
    fn our_candidates_are_counted_like_the_peers() {
        let row = |status: &str, kept: bool| json!({"status": status, "kept": kept});
        let rows = [row("ok", true), row("ok", false), row("duplicate", false), row("unparsable", false)];
        assert_eq!(count(&rows), Figures { candidates: 3.0, executed: 2.0, kept: 1.0, ..Figures::default() });
    }

    #[test]
    fn the_ratio_is_ours_over_the_peers() {
        let side = |seconds| Figures { texts: 10.0, candidates: 180.0, seconds, ..Figures::default() };
        let table = table(&side(50.0), Some(&side(100.0)));
        assert!(table.contains("texts/s                            0.200       0.100    2.00\n"), "{table}");
        assert!(table.contains("candidates/s                        3.60        1.80    2.00\n"), "{table}");
        assert!(table.ends_with(NOTES), "{table}");
    }
}
