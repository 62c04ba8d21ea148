//! What a run did, in numbers: `stats.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    annotate_settings::CallSampling,
    candidate::{Candidate, Status},
    selection::SelectionStats,
    units::UnitRecord,
};

/// Counts of candidates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CandidateStats {
    /// Samples drawn.
    pub candidates: usize,
    /// Samples that are calls to the tool, each counted once a position.
    pub unique: usize,
    /// Calls that gave a result.
    pub executed: usize,
    /// Calls that the filter kept.
    pub kept: usize,
    /// Mean `L- - L+` of the kept calls, in nats.
    pub mean_delta: Option<f64>,
    /// Calls that would be kept at other thresholds, as in the paper's Table 2.
    pub kept_at: BTreeMap<String, usize>,
    /// Samples by what became of them.
    pub by_status: BTreeMap<Status, usize>,
}

impl CandidateStats {
    /// Counts candidates.
    pub fn new(candidates: &[Candidate]) -> Self {
        let mut stats = Self { candidates: candidates.len(), ..Self::default() };
        let mut sum = 0.0;
        for tau in ["0", "0.5", "1", "2"] {
            let threshold = tau.parse().unwrap_or(0.0);
            let above =
                candidates.iter().filter(|candidate| candidate.delta.is_some_and(|delta| delta >= threshold));
            stats.kept_at.insert(tau.to_owned(), above.count());
        }
        for candidate in candidates {
            *stats.by_status.entry(candidate.status).or_default() += 1;
            stats.unique += usize::from(!matches!(
                candidate.status,
                Status::Unparsable | Status::WrongTool | Status::Duplicate | Status::LooksAhead
            ));
            stats.executed += usize::from(candidate.status == Status::Ok);
            if candidate.kept == Some(true) {
                stats.kept += 1;
                sum += candidate.delta.unwrap_or(0.0);
            }
        }
        stats.mean_delta = (stats.kept > 0).then(|| sum / stats.kept as f64);
        stats
    }
}

/// Time and tokens of a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageCost {
    /// Seconds, over all runs that had a part in it.
    pub seconds: f64,
    /// Tokens that went through the model.
    pub tokens: usize,
}

/// What training did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainStats {
    /// Woven texts trained on.
    pub examples: usize,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Passes over the examples.
    pub epochs: usize,
    /// Parameters that learned.
    pub trainable_parameters: usize,
    /// Loss of the first step, in nats per token.
    pub loss_first: Option<f64>,
    /// Loss of the last step.
    pub loss_last: Option<f64>,
    /// Step of the weights that were kept.
    pub kept_step: usize,
}

/// Perplexity of the held-out texts, without tools, before and after training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerplexityStats {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Tokens it is taken over.
    pub tokens: usize,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Texts annotated.
    pub texts: usize,
    /// Texts held out.
    pub held_out: usize,
    /// Texts too long for the model's context.
    pub too_long: usize,
    /// Positions sampled at.
    pub positions: usize,
    /// Whether the samples were held to well-formed calls.
    #[serde(default)]
    pub sampling: CallSampling,
    /// What was selected of the texts, by tool; none for tools that all texts are annotated for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub selection: BTreeMap<String, SelectionStats>,
    /// The candidates.
    #[serde(flatten)]
    pub candidates: CandidateStats,
    /// Held-out perplexity.
    pub perplexity: Option<PerplexityStats>,
    /// Training.
    pub train: Option<TrainStats>,
    /// Cost by stage.
    pub stages: BTreeMap<String, StageCost>,
}

impl Stats {
    /// Counts what collecting did.
    pub fn collected(units: &[UnitRecord], candidates: &[Candidate], sampling: CallSampling) -> Self {
        let sum = |of: fn(&UnitRecord) -> usize| units.iter().map(of).sum::<usize>();
        let seconds = |of: fn(&UnitRecord) -> f64| units.iter().map(of).sum::<f64>();
        let annotate =
            StageCost { seconds: seconds(|u| u.annotate_seconds), tokens: sum(|u| u.annotate_tokens) };
        let filter = StageCost { seconds: seconds(|u| u.filter_seconds), tokens: sum(|u| u.filter_tokens) };
        Self {
            texts: sum(|unit| unit.texts),
            too_long: sum(|unit| unit.too_long),
            positions: sum(|unit| unit.positions),
            sampling,
            candidates: CandidateStats::new(candidates),
            stages: BTreeMap::from([("annotate".to_owned(), annotate), ("filter".to_owned(), filter)]),
            ..Self::default()
        }
    }
}
