//! From texts to woven calls: how many are left after each stage.

use serde::Serialize;

use super::numbers::{count, percent};
use crate::stats::{CandidateStats, Stats};

/// A stage's row: a number for all tools, and where there are several, one for each.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    name: &'static str,
    what: &'static str,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    count: String,
    /// Of the samples, from 0 to 100; texts and positions are no part of them.
    percent: Option<f64>,
}

/// Name, meaning and number of a row.
type Row = (&'static str, &'static str, fn(&CandidateStats) -> usize);

/// The rows; those that nothing is known of are left out.
pub(super) fn steps(stats: &Stats) -> Vec<Step> {
    let mut steps = Vec::new();
    if stats.texts > 0 {
        let cells = vec![Cell { count: count(stats.texts), percent: None }];
        steps.push(Step { name: "Texts", what: "given to the model, one after the other", cells });
    }
    let several = stats.tools.len() > 1;
    let mut add = |name, what, total: usize, of: [usize; 1], each: Vec<(usize, usize)>, bar: bool| {
        let cell = |(number, samples): (usize, usize)| Cell {
            count: count(number),
            percent: bar.then(|| percent(number, samples)),
        };
        let each = if several { each } else { Vec::new() };
        let cells = std::iter::once((total, of[0])).chain(each).map(cell).collect();
        steps.push(Step { name, what, cells });
    };
    let all = &stats.candidates;
    let samples = [all.candidates];
    let tools = || stats.tools.values();
    let positions = tools().map(|tool| (tool.positions, 0)).collect();
    add(
        "Places",
        "in the texts where the model finds a call likeliest",
        stats.positions,
        [0],
        positions,
        false,
    );
    let rows: [Row; 3] = [
        ("Samples", "attempts at a call that the model wrote at those places", |counts| counts.candidates),
        ("Calls", "samples that are a call to the tool, each counted once a place", |counts| counts.unique),
        ("With a result", "calls that the tool could answer", |counts| counts.executed),
    ];
    for (name, what, of) in rows {
        let each = tools().map(|tool| (of(&tool.counts), tool.counts.candidates)).collect();
        add(name, what, of(all), samples, each, true);
    }
    if all.judged() > 0 {
        let each = tools().map(|tool| (tool.counts.kept, tool.counts.candidates)).collect();
        add(
            "Kept",
            "calls whose result helps to predict the words behind them",
            all.kept,
            samples,
            each,
            true,
        );
    }
    if let Some(woven) = &stats.woven {
        let each = stats
            .tools
            .iter()
            .map(|(name, tool)| (woven.by_tool.get(name).copied().unwrap_or(0), tool.counts.candidates));
        let what =
            "calls that stand in the texts to learn from: the best at each place, and each call once a text";
        add("Woven in", what, woven.calls, samples, each.collect(), true);
    }
    steps
}
