//! What a run found, for people.

use toolformer::eval::{Proportion, Summary};

/// What a run found, in some lines.
pub(super) fn shown(summary: &Summary) -> String {
    let percent = |part: f64| format!("{:.1} %", 100.0 * part);
    let mut out = format!("{}, {}: {} items\n", summary.task, summary.condition, summary.n);
    if let Some(found) = summary.perplexity() {
        out += &format!("perplexity  {:.3} ({:.3} to {:.3})\n", found.value, found.low, found.high);
    }
    if let Some(found) = summary.accuracy() {
        out += &format!(
            "accuracy    {} ({} to {})\n",
            percent(found.value),
            percent(found.low),
            percent(found.high)
        );
        let calls = &summary.calls;
        out += &format!(
            "calls       {} on {} of the items; {} valid, {} answered\n",
            calls.n,
            percent(calls.rate),
            percent(calls.valid),
            percent(calls.executed)
        );
        let part = |part: Option<Proportion>| part.map_or_else(|| "–".to_owned(), |part| percent(part.value));
        out += &format!(
            "            accuracy with a call {}, without {}\n",
            part(summary.split.call),
            part(summary.split.no_call)
        );
        if calls.malformed > 0 {
            out += &format!("            {} of them never became a call\n", calls.malformed);
        }
        for (tool, counts) in &calls.tools {
            let errors: Vec<String> = counts.errors.iter().map(|(why, n)| format!("{n} {why}")).collect();
            let errors = if errors.is_empty() { "no errors".to_owned() } else { errors.join(", ") };
            out += &format!(
                "            {tool}: {} calls, {} answered, {errors}\n",
                counts.calls, counts.executed
            );
        }
        if summary.categories.len() > 1 {
            for (category, part) in &summary.categories {
                out += &format!("            {category}: {}\n", percent(part.value));
            }
        }
    }
    let tokens = &summary.tokens;
    out + &format!(
        "took        {:.0} s; {} tokens read, {} written\n",
        summary.seconds, tokens.prompt, tokens.completion
    )
}
