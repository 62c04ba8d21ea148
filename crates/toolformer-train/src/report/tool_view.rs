//! What the page says of one tool.

use serde::Serialize;

use super::{
    chart::Chart,
    example_cards::{Group, groups},
    fates::{Fate, all},
    histogram_chart::{of_deltas, of_losses, of_probabilities},
    losses_chart::of_single_calls,
    numbers::{count, counted, nats, plain, share},
    shown_text::shown,
    sweep_chart::of_sweep,
};
use crate::stats::ToolStats;

#[derive(Debug, Serialize)]
pub(super) struct ToolView {
    name: String,
    summary: String,
    fates: Vec<Fate>,
    charts: Vec<Chart>,
    sweep: Vec<[String; 3]>,
    examples: Vec<Group>,
}

pub(super) fn tool_view(name: &str, tool: &ToolStats, tau_f: Option<f64>) -> ToolView {
    let judged = tool.delta.total() > 0;
    let mut charts = Vec::new();
    if tool.p_start.total() > 0 {
        charts.push(of_probabilities(&tool.p_start));
    }
    if judged {
        charts.push(of_deltas(&tool.delta, tau_f));
        charts.push(of_losses(&tool.loss_none, &tool.loss_call, &tool.loss_response));
        charts.push(of_single_calls(&tool.losses, tau_f));
        charts.push(of_sweep(&tool.tau_f_sweep, tau_f));
    }
    let row = |point: &crate::stats::SweepPoint| [plain(point.tau_f), count(point.calls), count(point.texts)];
    let counts = &tool.counts;
    let gain = counts.mean_delta.map_or(String::new(), |mean| {
        format!(" On average the result of a kept call saves {} nats.", nats(mean))
    });
    let kept = if counts.judged() > 0 {
        format!(
            ", and {} were kept ({} of the samples)",
            count(counts.kept),
            share(counts.kept, counts.candidates)
        )
    } else {
        String::new()
    };
    let summary = format!(
        "At {} the model wrote {}. Of these, {} ran and gave a result{kept}.{gain}",
        counted(tool.positions, "place"),
        counted(counts.candidates, "sample"),
        count(counts.executed),
    );
    ToolView {
        name: shown(name, 60),
        summary,
        fates: all(counts),
        charts,
        sweep: if judged { tool.tau_f_sweep.iter().map(row).collect() } else { Vec::new() },
        examples: groups(&tool.examples, tau_f),
    }
}
