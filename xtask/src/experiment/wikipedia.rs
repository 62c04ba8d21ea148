//! What three tools give for introductions of Wikipedia.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Runner, THRESHOLDS, is_kept, timed, write_rows};
use crate::assets::WIKI;
use crate::quickstart::read_rows;
use crate::{fetch, process};

/// Annotate introductions of Wikipedia with the calendar, wiki search and the calculator
///
/// First counts what the heuristics of each tool select of all introductions. Then takes texts that lie evenly over all of
/// them, samples calls (k = 5, m = 4), runs and filters them. The search looks in the other introductions only: it cannot
/// find the text itself.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many introductions are annotated
    #[arg(long, value_name = "N", default_value_t = 200)]
    texts: usize,
    /// The day that it is for the calendar
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2023-01-30")]
    now: String,
    /// Where the texts, the candidates and the report go
    #[arg(long, value_name = "DIR", default_value = "runs/wikipedia")]
    out: PathBuf,
    #[command(flatten)]
    runner: Runner,
}

const TOOLS: [&str; 3] = ["Calendar", "WikiSearch", "Calculator"];

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let wiki = fetch::ensure(&WIKI)?;
    for tool in ["calculator", "calendar", "translate", "wiki"] {
        let mut select = files.command("select");
        select.args(["--tool", tool]).arg("--texts").arg(&wiki).arg("--json");
        let counts = files.file(&format!("selection-{tool}.json"));
        process::run_into(select.arg("--out").arg(files.file(&format!("selected-{tool}.jsonl"))), &counts)?;
        println!("{tool:<12}{}", std::fs::read_to_string(&counts)?.trim());
    }

    let (texts, others) = evenly(&read_rows(&wiki)?, args.texts);
    for (name, rows) in [("texts.jsonl", &texts), ("others.jsonl", &others)] {
        write_rows(&files.file(name), rows)?;
    }
    // Made anew: another number of texts leaves other introductions to search in.
    let index = files.file("index");
    if index.exists() {
        std::fs::remove_dir_all(&index).with_context(|| format!("cannot delete {}", index.display()))?;
    }
    let mut build = files.command("index");
    build.arg("build").arg(files.file("others.jsonl"));
    timed(build.arg("--out").arg(&index))?;
    let index = index.to_string_lossy();
    let filtered = files.pipeline(&[
        "--tools",
        "calendar,wiki,calculator",
        "--now",
        &args.now,
        "--wiki-index",
        &index,
    ])?;
    println!("\n{}", table(&filtered));
    println!("All of it is in {}.", Path::new(&out).display());
    Ok(())
}

/// `count` texts that lie evenly over all, with their numbers as ids, and the others.
pub(super) fn evenly(all: &[Value], count: usize) -> (Vec<Value>, Vec<Value>) {
    let count = count.min(all.len());
    let is_taken = |n: usize| (n + 1) * count / all.len() > n * count / all.len();
    let (taken, others): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(n, _)| is_taken(*n));
    let text = |(n, row): (usize, &Value)| json!({"id": n, "title": row["title"], "text": row["text"]});
    (taken.into_iter().map(text).collect(), others.into_iter().map(|(_, row)| row.clone()).collect())
}

/// What became of the samples of each tool.
fn table(candidates: &[Value]) -> String {
    let mut out = format!("{:<14}{:>9}{:>10}", "", "samples", "executed");
    THRESHOLDS.iter().for_each(|tau_f| {
        let _ = write!(out, "{:>13}", format!("kept at {tau_f}"));
    });
    out.push('\n');
    for tool in TOOLS {
        let count = |wanted: &dyn Fn(&Value) -> bool| {
            candidates.iter().filter(|row| row["tool"] == tool && wanted(row)).count()
        };
        let _ = write!(out, "{tool:<14}{:>9}{:>10}", count(&|_| true), count(&|row| row["status"] == "ok"));
        for tau_f in THRESHOLDS {
            let _ = write!(out, "{:>13}", count(&|row| is_kept(row, tau_f)));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lie_evenly() {
        let all: Vec<Value> = (0..10).map(|n| json!({"title": n.to_string(), "text": "x"})).collect();
        let (taken, others) = evenly(&all, 3);
        let ids: Vec<u64> = taken.iter().map(|row| row["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, [3, 6, 9]);
        assert_eq!(others.len(), 7);
        assert!(others.iter().all(|row| taken.iter().all(|taken| taken["title"] != row["title"])));
        assert_eq!(evenly(&all, 99).0.len(), 10);
    }

    #[test]
    fn each_tool_is_counted() {
        let row =
            |tool: &str, status: &str, delta: f64| json!({"tool": tool, "status": status, "delta": delta});
        let table = table(&[
            row("Calendar", "ok", 1.5),
            row("Calendar", "tool_error", -1.0),
            row("Calculator", "ok", 0.4),
        ]);
        let line = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<usize>>()
        };
        assert_eq!(line("Calendar"), [2, 1, 1, 1, 0]);
        assert_eq!(line("WikiSearch"), [0, 0, 0, 0, 0]);
        assert_eq!(line("Calculator"), [1, 1, 0, 0, 0]);
    }
}
