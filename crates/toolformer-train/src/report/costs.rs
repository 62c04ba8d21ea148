//! Time and tokens of each stage.

use serde::Serialize;

use super::numbers::{count, span};
use crate::stats::Stats;

#[derive(Debug, Serialize)]
pub(super) struct Cost {
    name: String,
    what: &'static str,
    time: String,
    tokens: String,
    rate: String,
    percent: f64,
}

/// The stages in the order in which they run.
pub(super) fn costs(stats: &Stats) -> Vec<Cost> {
    let known = ["annotate", "screen", "execute", "filter", "finetune", "perplexity"];
    let total: f64 = stats.stages.values().map(|cost| cost.seconds).sum();
    let mut stages: Vec<_> = stats.stages.iter().collect();
    stages.sort_by_key(|(name, _)| known.iter().position(|known| known == name).unwrap_or(known.len()));
    let cost = |(name, cost): (&String, &crate::stats::StageCost)| Cost {
        name: name.clone(),
        what: match name.as_str() {
            "annotate" => "find places, sample calls",
            "screen" => "score the calls by a reward model",
            "execute" => "run the calls",
            "filter" => "measure the three losses of each call",
            "finetune" => "train on the texts with calls",
            "perplexity" => "measure held-out texts, before and after",
            _ => "",
        },
        time: span(cost.seconds),
        tokens: count(cost.tokens),
        rate: if cost.seconds > 0.0 {
            count((cost.tokens as f64 / cost.seconds) as usize)
        } else {
            "–".to_owned()
        },
        percent: if total > 0.0 { (cost.seconds / total * 1000.0).round() / 10.0 } else { 0.0 },
    };
    stages.into_iter().map(cost).collect()
}
