//! What a full quickstart must achieve.

use anyhow::{Result, bail};

use super::Outcome;
use super::score::{Score, Sums};

const MIN_KEPT: f64 = 10.0;

/// One demand, and whether the run meets it.
#[derive(Debug, PartialEq)]
pub(super) struct Demand {
    what: String,
    figures: String,
    met: bool,
}

/// The demands, judged; a figure that is missing meets none.
pub(super) fn of(outcome: &Outcome) -> Vec<Demand> {
    let kept = outcome.stats["kept"].as_f64();
    let perplexity = &outcome.stats["perplexity"];
    let (before, after) = (perplexity["before"].as_f64(), perplexity["after"].as_f64());
    let right = |answers| Score::of(answers, Sums::All).right;
    let (right_before, right_after) = (right(&outcome.before_with), right(&outcome.after_with));
    let shown = |figure: Option<f64>, decimals: usize| {
        figure.map_or_else(|| "not reported".to_owned(), |figure| format!("{figure:.decimals$}"))
    };
    vec![
        Demand {
            what: format!("at least {MIN_KEPT} calls kept"),
            figures: shown(kept, 0),
            met: kept.is_some_and(|kept| kept >= MIN_KEPT),
        },
        Demand {
            what: "held-out perplexity lower".to_owned(),
            figures: format!("{} -> {}", shown(before, 3), shown(after, 3)),
            met: before.zip(after).is_some_and(|(before, after)| after < before),
        },
        Demand {
            what: "more right answers with tools".to_owned(),
            figures: format!("{right_before} -> {right_after}"),
            met: right_after > right_before,
        },
    ]
}

/// A line for each demand.
pub(super) fn render(demands: &[Demand]) -> String {
    let line = |demand: &Demand| {
        let Demand { what, figures, met } = demand;
        format!("{:<5}{what} ({figures})", if *met { "yes" } else { "no" })
    };
    demands.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// # Errors
/// If a demand is not met; the message names it.
pub(super) fn met(demands: &[Demand]) -> Result<()> {
    let failed: Vec<String> = demands
        .iter()
        .filter(|demand| !demand.met)
        .map(|demand| format!("{} ({})", demand.what, demand.figures))
        .collect();
    if !failed.is_empty() {
        bail!("the quickstart did not achieve: {}", failed.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Answers;
    use super::*;
    use serde_json::{Value, json};

    fn answers(completions: &[&str]) -> Answers {
        let row = |completion: &&str| json!({"prompt": "3 * 4 =", "completion": completion, "answer": "12"});
        Answers { rows: completions.iter().map(row).collect(), seconds: 1.0 }
    }

    fn outcome(stats: Value, before: &[&str], after: &[&str]) -> Outcome {
        Outcome { stats, before_with: answers(before), after_with: answers(after), ..Outcome::default() }
    }

    #[test]
    fn a_good_run_meets_all() {
        let stats = json!({"kept": 10, "perplexity": {"before": 60.14, "after": 32.643}});
        let demands = of(&outcome(stats, &[" 1", " 2"], &[" 12", " 2"]));
        met(&demands).unwrap();
        assert_eq!(
            render(&demands),
            "yes  at least 10 calls kept (10)\n\
             yes  held-out perplexity lower (60.140 -> 32.643)\n\
             yes  more right answers with tools (0 -> 1)"
        );
    }

    #[test]
    fn equal_is_not_better() {
        let stats = json!({"kept": 9, "perplexity": {"before": 60, "after": 60}});
        let demands = of(&outcome(stats, &[" 12", " 2"], &[" 12", " 2"]));
        assert!(demands.iter().all(|demand| !demand.met), "{demands:?}");
    }

    #[test]
    fn a_failure_names_what_failed_alone() {
        let stats = json!({"kept": 12, "perplexity": {"before": 60}});
        let demands = of(&outcome(stats, &[" 1"], &[" 12"]));
        assert!(render(&demands).contains("\nno   held-out perplexity lower (60.000 -> not reported)\n"));
        let message = met(&demands).unwrap_err().to_string();
        assert!(
            message.ends_with("achieve: held-out perplexity lower (60.000 -> not reported)"),
            "{message}"
        );
    }
}
