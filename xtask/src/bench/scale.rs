//! The data step on more and more texts: does the work grow with them, and does the memory not?

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::annotate::delete_output;
use crate::build::build_cli;
use crate::process;

/// A model of a few thousand weights that writes calls.
const MODEL: &str = "crates/toolformer-model/tests/fixtures/calling_llama";

/// Annotate, filter and weave 100, 1,000 and 10,000 texts with a tiny model
///
/// Prints the texts per second and the greatest memory of each step (Linux only). With a tiny model what the pipeline does
/// around the model is a great part of the time.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many texts, with commas between
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "100,1000,10000")]
    texts: Vec<usize>,
    /// Where the inputs and outputs go
    #[arg(long, value_name = "DIR", default_value = "runs/bench-scale")]
    out: PathBuf,
}

/// What a step took.
struct Step {
    seconds: f64,
    /// Greatest resident memory, in MiB.
    peak: Option<f64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let toolformer = build_cli()?;
    let prompt = out.join("prompt.txt");
    std::fs::write(&prompt, "Q {text} A ")?;
    let mut table = format!("{:<12}", "");
    for step in ["annotate", "filter", "weave"] {
        let _ = write!(table, "{:>12}{:>10}", step, "");
    }
    table.push_str(&format!("\n{:<12}", "texts"));
    table.push_str(&format!("{:>12}{:>10}", "texts/s", "MiB").repeat(3));
    table.push('\n');
    for &texts in &args.texts {
        let _ = write!(table, "{texts:<12}");
        for step in steps(&toolformer, &out, &prompt, texts)? {
            let peak = step.peak.map_or_else(|| "-".to_owned(), |peak| format!("{peak:.1}"));
            let _ = write!(table, "{:>12.0}{peak:>10}", texts as f64 / step.seconds);
        }
        table.push('\n');
    }
    println!("{table}");
    Ok(())
}

/// Annotating, filtering and weaving so many texts.
fn steps(toolformer: &Path, out: &Path, prompt: &Path, texts: usize) -> Result<[Step; 3]> {
    let file = |name: &str| out.join(format!("{name}-{texts}.jsonl"));
    let lines: String =
        (0..texts).map(|i| format!("{{\"id\": \"t{i}\", \"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
    std::fs::write(file("texts"), lines)?;
    for name in ["candidates", "filtered"] {
        delete_output(&file(name))?;
    }
    let command = |name: &str, candidates: Option<&str>, made: &str| {
        let mut command = process::command(toolformer);
        command.arg(name).arg("--texts").arg(file("texts")).arg("--out").arg(file(made));
        if let Some(candidates) = candidates {
            command.arg("--candidates").arg(file(candidates));
        }
        command
    };
    let mut annotate = command("annotate", None, "candidates");
    annotate.args([
        "--model",
        MODEL,
        "--tools",
        "calculator",
        "--k",
        "3",
        "--m",
        "4",
        "--max-call-tokens",
        "24",
    ]);
    annotate.arg("--prompt-file").arg(prompt);
    let mut filter = command("filter", Some("candidates"), "filtered");
    filter.args(["--model", MODEL, "--tau-f", "-1000"]);
    let mut weave = command("weave", Some("filtered"), "train");
    Ok([watched(&mut annotate)?, watched(&mut filter)?, watched(&mut weave)?])
}

/// Runs a command and watches its memory.
fn watched(command: &mut Command) -> Result<Step> {
    eprintln!("$ {}", process::shell_line(command));
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("cannot start it")?;
    let mut peak = None;
    let status = loop {
        peak = peak_of(&child).or(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        bail!("failed ({status}); to repeat it, run\n    {}", process::shell_line(command));
    }
    Ok(Step { seconds: began.elapsed().as_secs_f64(), peak })
}

/// The greatest resident memory of a process so far, in MiB, where the system tells.
fn peak_of(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_timed_and_its_memory_seen() {
        let step = watched(Command::new("sh").args(["-c", "sleep 0.05"])).unwrap();
        assert!(step.seconds >= 0.05);
        assert!(step.peak.is_none_or(|peak| peak > 0.1 && peak < 100.0), "{:?}", step.peak);
        assert!(watched(Command::new("sh").args(["-c", "exit 3"])).is_err());
    }
}
