//! What an evaluation measured, as drawings.

use toolformer_eval::Proportion;

use super::{
    chart::{BOTTOM, Bar, Chart, LEFT, RIGHT},
    eval_page::EvalRun,
    numbers::plain,
    scale::marks,
};

/// A value of a run, from 0 on, with its interval, and how it is written.
struct Measured {
    value: Proportion,
    text: String,
}

fn measured(run: &EvalRun) -> Option<Measured> {
    if let Some(value) = run.summary.perplexity() {
        return Some(Measured { value, text: format!("{:.2}", value.value) });
    }
    let Proportion { value, low, high } = run.summary.accuracy()?;
    let value = Proportion { value: 100.0 * value, low: 100.0 * low, high: 100.0 * high };
    Some(Measured { value, text: format!("{:.1} %", value.value) })
}

/// Accuracy, or perplexity, of each run with its interval.
pub(super) fn of_measure(runs: &[&EvalRun]) -> Option<Chart> {
    let found: Vec<(&&EvalRun, Measured)> =
        runs.iter().filter_map(|run| Some((run, measured(run)?))).collect();
    let is_perplexity = found.iter().any(|(run, _)| run.summary.perplexity().is_some());
    let most = found.iter().map(|(_, found)| found.value.high).fold(0.0, f64::max);
    if found.is_empty() {
        return None;
    }
    let (title, what) = match is_perplexity {
        true => ("How well are texts predicted?", "perplexity"),
        false => ("How many answers are right?", "right, in per cent"),
    };
    let said: Vec<String> = found
        .iter()
        .map(|(run, found)| {
            let Proportion { low, high, .. } = found.value;
            format!("{}: {} ({low:.1} to {high:.1})", short_name(run, runs), found.text)
        })
        .collect();
    let note = match is_perplexity {
        true => "Lower is better. Thin lines: where it lies with 95 % certainty, were other texts drawn.",
        false => "Thin lines: where it lies with 95 % certainty, were other questions drawn.",
    };
    let mut chart = Chart::new(title, note, format!("{}.", said.join("; ")));
    let scale = chart.upwards(what, &marks(0.0, most, 4, false), plain);
    let step = (RIGHT - LEFT) / found.len() as f64;
    for (number, (run, found)) in found.iter().enumerate() {
        let middle = LEFT + (number as f64 + 0.5) * step;
        let width = (step * 0.6).min(60.0);
        let y = scale.at(found.value.value);
        let tip = said[number].clone();
        let class = if number == 0 { "neutral" } else { "kept" };
        chart.bar(Bar { class, x: middle - width / 2.0, y, width, height: BOTTOM - y, tip });
        let [low, high] = [found.value.low, found.value.high].map(|end| scale.at(end));
        chart.curve("interval", &[[middle, low], [middle, high]]);
        chart.label("mark", middle, scale.at(found.value.high) - 6.0, "middle", found.text.clone());
        chart.mark_below(middle, short_name(run, runs));
    }
    chart.rightwards("");
    Some(chart)
}

/// A name that fits below a bar. Where several runs differ in their k, that is what they are called.
pub(super) fn short_name(run: &EvalRun, runs: &[&EvalRun]) -> String {
    let name = match (run.summary.k, &run.name) {
        (_, Some(name)) => name.clone(),
        (Some(k), None) if is_sweep(runs) => format!("k = {k}"),
        _ => match run.summary.condition {
            toolformer_eval::Condition::ToolformerDisabled => "disabled".to_owned(),
            condition => condition.to_string(),
        },
    };
    let mut short: String = name.chars().take(16).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

/// Whether runs differ in their k, no two of which are the same. Beside other runs two of them may call: one that may and one
/// that may not are the paper's conditions.
fn is_sweep(runs: &[&EvalRun]) -> bool {
    let mut ks: Vec<usize> = runs.iter().filter_map(|run| run.summary.k).collect();
    ks.sort_unstable();
    let is_all = ks.len() == runs.len();
    let may_call = ks.iter().filter(|&&k| k > 0).count();
    ks.windows(2).all(|pair| pair[0] < pair[1]) && ks.len() > 1 && (is_all || may_call > 1)
}

/// Colour, name and value of what is drawn by k.
type Curve = (&'static str, &'static str, fn(&EvalRun) -> f64);

/// Accuracy and part of the items with a call, by k.
pub(super) fn sweep(runs: &[&EvalRun]) -> Option<Chart> {
    let mut of_k: Vec<(usize, &EvalRun)> =
        runs.iter().filter_map(|run| Some((run.summary.k?, *run))).collect();
    if !is_sweep(runs) {
        return None;
    }
    of_k.sort_by_key(|(k, _)| *k);
    let right: fn(&EvalRun) -> f64 = |run| run.summary.accuracy().map_or(0.0, |part| 100.0 * part.value);
    let called: fn(&EvalRun) -> f64 = |run| run.summary.split.call_percent;
    let said = of_k
        .iter()
        .map(|(k, run)| format!("k = {k}: {:.1} % right, {:.1} % with a call", right(run), called(run)));
    let spoken = format!("{}.", said.collect::<Vec<_>>().join("; "));
    let note = "A call is begun where its first token is among the k most likely ones; 0: never.";
    let mut chart = Chart::new("How eager should it be?", note, spoken);
    let scale = chart.upwards("per cent", &marks(0.0, 100.0, 4, true), plain);
    let step = (RIGHT - LEFT) / of_k.len() as f64;
    let x = |number: usize| LEFT + (number as f64 + 0.5) * step;
    let curves: [Curve; 2] = [("texts", "right", right), ("calls", "with a call", called)];
    for (number, (k, _)) in of_k.iter().enumerate() {
        chart.mark_below(x(number), k.to_string());
    }
    for (class, what, value) in curves {
        let points: Vec<[f64; 2]> =
            of_k.iter().enumerate().map(|(number, (_, run))| [x(number), scale.at(value(run))]).collect();
        chart.curve(class, &points);
        for ((k, run), at) in of_k.iter().zip(&points) {
            chart.dot(class, *at, format!("k = {k}: {:.1} % {what}", value(run)));
        }
        chart.legend(class, what);
    }
    chart.rightwards("k");
    Some(chart)
}
