//! Which runs of an evaluation are compared, and what that says.

use toolformer_eval::{Comparison, Condition};

use super::{eval_page::EvalRun, numbers::signed};

/// What is compared. What most want to know comes first, and how many that are: is the last run better than the first, and is it
/// worse without its tools than with the same texts alone? Then the last with each, and each with the first.
pub(super) fn pairs<'r>(runs: &[&'r EvalRun]) -> (Vec<(&'r EvalRun, &'r EvalRun)>, usize) {
    let Some((last, before @ [first, between @ ..])) = runs.split_last() else { return (Vec::new(), 0) };
    let with_last = between.iter().map(|base| (*base, *last));
    let with_first = between.iter().map(|run| (*first, *run));
    let disabled = before.iter().filter(|run| run.summary.condition == Condition::ToolformerDisabled);
    let continued = before.iter().find(|run| run.summary.condition == Condition::PlainFinetuned);
    let disabled = disabled
        .chain([last].into_iter().filter(|run| run.summary.condition == Condition::ToolformerDisabled));
    let cost = continued.into_iter().flat_map(|base| disabled.clone().map(move |run| (*base, *run)));
    let mut pairs = vec![(*first, *last)];
    let mut add = |more: &mut dyn Iterator<Item = (&'r EvalRun, &'r EvalRun)>| {
        for (base, run) in more {
            if !pairs.iter().any(|pair| std::ptr::eq(pair.0, base) && std::ptr::eq(pair.1, run)) {
                pairs.push((base, run));
            }
        }
        pairs.len()
    };
    let wanted = add(&mut cost.into_iter());
    add(&mut with_last.chain(with_first));
    (pairs, wanted)
}

/// Better or not, by how much, how sure.
pub(super) fn verdict(first: &EvalRun, run: &EvalRun, found: &Comparison) -> String {
    let (name, base) = (run.shown_name(), first.shown_name());
    if let Some(ratio) = found.perplexity_ratio {
        let percent = |ratio: f64| 100.0 * (ratio - 1.0);
        let side = if ratio.value < 1.0 { "lower" } else { "higher" };
        return format!(
            "{name}: perplexity is {side} than that of {base} by {:.1} % ({} to {}).",
            percent(ratio.value).abs(),
            signed(percent(ratio.low)),
            signed(percent(ratio.high))
        );
    }
    let part = &found.overall;
    let of = |right: usize| 100.0 * (part.both + right) as f64 / part.n.max(1) as f64;
    let (before, after) = (of(part.only_a), of(part.only_b));
    let times = part.times.map_or_else(String::new, |times| {
        format!(", {:.1} times as many ({:.1} to {:.1})", times.value, times.low, times.high)
    });
    let sure = match part.p_value {
        p if p < 0.001 => "Chance is no explanation (p < 0.001).".to_owned(),
        _ => format!("Chance hardly explains it (p = {}).", part.shown_p_value()),
    };
    if part.p_value >= 0.05 {
        return format!(
            "No difference is shown between {name} and {base}: {after:.1} % right against {before:.1} %; difference {} points, {} to \
             {} (p = {}).",
            signed(100.0 * part.difference),
            signed(100.0 * part.low),
            signed(100.0 * part.high),
            part.shown_p_value()
        );
    }
    let verdict = if part.difference > 0.0 { "better than" } else { "worse than" };
    format!(
        "{name} is {verdict} {base}: {after:.1} % right against {before:.1} %{times}; difference {} points, {} to {}. {sure}",
        signed(100.0 * part.difference),
        signed(100.0 * part.low),
        signed(100.0 * part.high)
    )
}
