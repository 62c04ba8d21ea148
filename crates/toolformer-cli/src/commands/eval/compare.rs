//! `toolformer eval compare`

use std::path::{Path, PathBuf};

use anyhow::Result;
use toolformer::eval::{Comparison, ItemResult, PairedDifference, compare, read_results};

use crate::output::{Output, print_json};

/// Compare two runs of a task, item by item
///
/// On the items that are in both: accuracy, its difference with the paired bootstrap's interval of 95 % and McNemar's exact
/// test (where questions share a paragraph or a day, these are drawn together, and the test is by clusters), by category too; or, of texts, how many times the perplexity of the first is that of the second.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  toolformer eval compare runs/svamp-plain runs/svamp
  toolformer eval compare runs/a/results.jsonl runs/b/results.jsonl --json")]
pub(super) struct Args {
    /// The first run: its folder, or its file of results
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The second run
    #[arg(value_name = "B")]
    second: PathBuf,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let (first, second) = (results(&args.first)?, results(&args.second)?);
    let found = compare(&first, &second, args.seed)?;
    if args.json {
        return print_json(&found);
    }
    let mut output = Output::new();
    output.text(&table(&found, &args.first.display().to_string(), &args.second.display().to_string()))?;
    output.flush()
}

fn results(run: &Path) -> Result<Vec<ItemResult>> {
    let file = if run.is_dir() { run.join(super::run::RESULTS) } else { run.to_owned() };
    Ok(read_results(&file)?)
}

fn table(found: &Comparison, first: &str, second: &str) -> String {
    let mut out = format!("A  {first}\nB  {second}\n");
    if found.only_in_a + found.only_in_b > 0 {
        out +=
            &format!("not compared: {} items of A alone, {} of B alone\n", found.only_in_a, found.only_in_b);
    }
    if let Some(ratio) = found.perplexity_ratio {
        return out
            + &format!(
                "the perplexity of B is {:.4} times that of A ({:.4} to {:.4}), over {} texts\n",
                ratio.value, ratio.low, ratio.high, found.overall.n
            );
    }
    out += &format!(
        "\n{:<24}{:>7}{:>9}{:>9}{:>10}{:>22}{:>10}\n",
        "", "items", "A", "B", "B - A", "interval", "p"
    );
    let row = |name: &str, part: &PairedDifference| {
        let of = |right: usize| format!("{:.1} %", 100.0 * (part.both + right) as f64 / part.n.max(1) as f64);
        let interval = format!("{:+.1} to {:+.1}", 100.0 * part.low, 100.0 * part.high);
        format!(
            "{name:<24}{:>7}{:>9}{:>9}{:>+10.1}{interval:>22}{:>10}\n",
            part.n,
            of(part.only_a),
            of(part.only_b),
            100.0 * part.difference,
            part.shown_p_value()
        )
    };
    out += &row("all", &found.overall);
    for (category, part) in &found.categories {
        out += &row(category, part);
    }
    out += &format!("\nverdict: {}\n", verdict(&found.overall));
    if found.overall.clusters < found.overall.n {
        out += &format!(
            "the items are drawn as {} clusters of items that are alike, and p is that of the sign-flip test on these\n",
            found.overall.clusters
        );
    }
    if let Some(times) = found.overall.times {
        out += &format!(
            "B has {:.2} times as many right as A ({:.2} to {:.2})\n",
            times.value, times.low, times.high
        );
    }
    let rate = |calls: &toolformer::eval::CallCounts| format!("{:.1} %", 100.0 * calls.rate);
    out + &format!("items with a call: A {}, B {}\n", rate(&found.calls_a), rate(&found.calls_b))
}

/// What a reader wants first.
fn verdict(overall: &PairedDifference) -> String {
    let points = 100.0 * overall.difference.abs();
    let p = overall.shown_p_value();
    match overall.difference {
        _ if overall.p_value >= 0.05 => format!("no difference is shown (p = {p})"),
        difference if difference > 0.0 => format!("B is better by {points:.1} points (p = {p})"),
        _ => format!("A is better by {points:.1} points (p = {p})"),
    }
}
