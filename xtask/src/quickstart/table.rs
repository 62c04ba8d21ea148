//! The figures of a quickstart as text. What a run does not report is shown as `-`.

use std::fmt::Write as _;

use serde_json::Value;

use super::Outcome;
use super::score::{Score, Sums};

/// The stages of `teach`, in their order, as `stats.json` names them.
const STAGES: &[&str] = &["annotate", "filter", "finetune", "perplexity"];

/// The closing table.
pub(crate) fn render(outcome: &Outcome) -> String {
    let stats = &outcome.stats;
    let mut out = String::new();
    let mut line = |cells: &[&str]| line(&mut out, cells);
    line(&["what was learnt from", "count"]);
    for (name, key) in [
        ("texts", "texts"),
        ("texts held out", "held_out"),
        ("positions", "positions"),
        ("candidates sampled", "candidates"),
        ("candidates executed", "executed"),
        ("calls kept", "kept"),
    ] {
        line(&[name, &figure(&stats[key], 0)]);
    }
    line(&["mean gain of a kept call (nats)", &figure(&stats["mean_delta"], 3)]);
    line(&[]);
    line(&["", "before", "after"]);
    let perplexity = &stats["perplexity"];
    let name = "held-out perplexity, tools off";
    line(&[name, &figure(&perplexity["before"], 3), &figure(&perplexity["after"], 3)]);
    let all = |answers| Score::of(answers, Sums::All).call_rate();
    line(&["sums answered with a call", &all(&outcome.before_with), &all(&outcome.after_with)]);
    for (name, before, after) in [
        ("sums right, tools on", &outcome.before_with, &outcome.after_with),
        ("sums right, tools off", &outcome.before_without, &outcome.after_without),
    ] {
        for (name, sums) in
            [(name, Sums::All), ("  expression given", Sums::Given), ("  not given", Sums::NotGiven)]
        {
            let right = |answers| Score::of(answers, sums).accuracy();
            line(&[name, &right(before), &right(after)]);
        }
    }
    line(&[]);
    line(&["stage", "seconds", "tokens/s"]);
    for stage in STAGES {
        let stage_stats = &stats["stages"][*stage];
        let (seconds, tokens) = (stage_stats["seconds"].as_f64(), stage_stats["tokens"].as_f64());
        line(&[stage, &number(seconds, 1), &number(rate(tokens, seconds), 0)]);
    }
    line(&["teach, wall clock", &number(Some(outcome.teach_seconds), 1), ""]);
    for (name, answers) in [
        ("generate before, tools on", &outcome.before_with),
        ("generate before, tools off", &outcome.before_without),
        ("generate after, tools on", &outcome.after_with),
        ("generate after, tools off", &outcome.after_without),
    ] {
        let tokens = answers.rows.iter().map(|row| row["tokens"]["completion"].as_f64()).sum();
        line(&[name, &number(Some(answers.seconds), 1), &number(rate(tokens, Some(answers.seconds)), 0)]);
    }
    out
}

fn rate(tokens: Option<f64>, seconds: Option<f64>) -> Option<f64> {
    let seconds = seconds.filter(|seconds| *seconds > 0.0)?;
    Some(tokens? / seconds)
}

fn figure(value: &Value, decimals: usize) -> String {
    number(value.as_f64(), decimals)
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// One line: the name to the left, the figures to the right of their columns.
fn line(out: &mut String, cells: &[&str]) {
    let mut text = String::new();
    for (column, cell) in cells.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = if column == 0 { write!(text, "{cell:<34}") } else { write!(text, "{cell:>12}") };
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::Answers;
    use super::*;
    use serde_json::json;

    fn row(prompt: &str, completion: &str, status: &str) -> Value {
        json!({"prompt": prompt, "completion": completion, "calls": [{"status": status}], "answer": "12",
               "tokens": {"completion": 10}})
    }

    #[test]
    fn the_table_shows_every_figure() {
        let answers =
            Answers { rows: vec![row("3 * 4 =", " 12", "ok"), row("It has", " 13", "error")], seconds: 4.0 };
        let stats = json!({"texts": 200, "held_out": 20, "positions": 900, "candidates": 4000, "executed": 800,
            "kept": 60, "mean_delta": 1.2345, "perplexity": {"before": 20.5, "after": 14.25, "tokens": 900},
            "stages": {"annotate": {"seconds": 100.0, "tokens": 5000}, "filter": {"seconds": 20.0}}});
        let outcome =
            Outcome { before_with: answers.clone(), after_with: answers, stats, ..Outcome::default() };
        let table = render(&outcome);
        for expected in [
            "candidates sampled                        4000\n",
            "mean gain of a kept call (nats)          1.234\n",
            "held-out perplexity, tools off          20.500      14.250\n",
            "sums answered with a call               1 of 2      1 of 2\n",
            "sums right, tools on                    1 of 2      1 of 2\n",
            "  expression given                      1 of 1      1 of 1\n",
            "  not given                             0 of 1      0 of 1\n",
            "sums right, tools off                        -           -\n",
            "  expression given                           -           -\n",
            "annotate                                 100.0          50\n",
            "filter                                    20.0           -\n",
            "generate after, tools on                   4.0           5\n",
        ] {
            assert!(table.contains(expected), "{expected}{table}");
        }
    }

    #[test]
    fn missing_figures_are_dashes() {
        let table = render(&Outcome::default());
        assert!(table.contains("calls kept                                   -\n"), "{table}");
    }
}
