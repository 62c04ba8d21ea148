//! How many answers are right of each kind of question.

use super::{
    chart::{Bar, Chart, RIGHT, TOP},
    eval_charts::short_name,
    eval_page::EvalRun,
    numbers::plain,
    scale::{Scale, marks},
    shown_text::shown,
};

/// Most categories that are drawn.
const CATEGORIES: usize = 24;
/// Where bars begin; their names stand before it.
const NAMES_END: f64 = 136.0;
/// Most letters of a name that fit there.
const NAME_LETTERS: usize = 20;
/// Height of a bar, and of what parts the kinds.
const BAR: f64 = 13.0;
const GAP: f64 = 8.0;

/// Accuracy by category with its interval, of the first run and the last.
pub(super) fn by_category(runs: &[&EvalRun]) -> Option<Chart> {
    let (first, last) = (runs.first()?, runs.last()?);
    let names: Vec<&String> = last.summary.categories.keys().take(CATEGORIES).collect();
    if names.len() < 2 {
        return None;
    }
    let part = |run: &EvalRun, name: &str| {
        let part = run.summary.categories.get(name)?;
        Some([part.value, part.low, part.high].map(|part| 100.0 * part))
    };
    let shown_runs: Vec<(&'static str, &EvalRun)> =
        if runs.len() > 1 { vec![("neutral", *first), ("kept", *last)] } else { vec![("kept", *last)] };
    let said = names.iter().map(|name| {
        let values = shown_runs.iter().map(|(_, run)| {
            part(run, name).map_or_else(|| "–".to_owned(), |[value, ..]| format!("{value:.1} %"))
        });
        format!("{}: {}", shown(name, 60), values.collect::<Vec<_>>().join(", "))
    });
    let spoken = format!("{}.", said.collect::<Vec<_>>().join("; "));
    let row = shown_runs.len() as f64 * BAR + GAP;
    let bottom = TOP + names.len() as f64 * row;
    let all = last.summary.categories.len();
    let left = if all > names.len() { format!(" {} of {all} kinds.", names.len()) } else { String::new() };
    let note = format!(
        "Right answers of each kind, in per cent. Thin lines: where it lies with 95 % certainty.{left}"
    );
    let mut chart = Chart::new("By kind of question", &note, spoken).with_height(bottom + 24.0);
    let ends =
        shown_runs.iter().flat_map(|(_, run)| names.iter().filter_map(|name| Some(part(run, name)?[2])));
    let marks = marks(0.0, ends.fold(0.0, f64::max), 4, false);
    let most = marks.last().copied().unwrap_or(100.0);
    // Room for the last figure.
    let scale = Scale { values: [0.0, most], places: [NAMES_END, RIGHT - 30.0] };
    for &mark in &marks {
        chart.line("grid", [scale.at(mark), TOP], [scale.at(mark), bottom]);
        chart.label("mark", scale.at(mark), bottom + 15.0, "middle", plain(mark));
    }
    for (number, name) in names.iter().enumerate() {
        let top = TOP + number as f64 * row + GAP / 2.0;
        chart.label("mark", NAMES_END - 6.0, top + (row - GAP) / 2.0 + 4.0, "end", shown(name, NAME_LETTERS));
        for (place, (class, run)) in shown_runs.iter().enumerate() {
            let Some([value, low, high]) = part(run, name) else { continue };
            let y = top + place as f64 * BAR;
            let tip = format!(
                "{}, {}: {value:.1} % ({low:.1} to {high:.1})",
                shown(name, 60),
                short_name(run, runs)
            );
            let width = scale.at(value) - NAMES_END;
            chart.bar(Bar { class, x: NAMES_END, y, width, height: BAR - 1.0, tip });
            let middle = y + (BAR - 1.0) / 2.0;
            chart.curve("interval", &[[scale.at(low), middle], [scale.at(high), middle]]);
            chart.label("mark", scale.at(high) + 4.0, middle + 4.0, "start", format!("{value:.1}"));
        }
    }
    chart.line("axis", [NAMES_END, TOP], [NAMES_END, bottom]);
    for (class, run) in &shown_runs {
        chart.legend(class, &short_name(run, runs));
    }
    Some(chart)
}
