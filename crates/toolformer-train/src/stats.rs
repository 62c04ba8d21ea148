//! What a run did, in numbers: `stats.json`.

mod around;
mod example;
mod histogram;
mod lowest;
mod tally;
mod tau_sweep;
#[cfg(test)]
mod tests;
mod tool_stats;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    example::{Example, ExampleKind},
    histogram::Histogram,
    tally::Tally,
    tau_sweep::SweepPoint,
    tool_stats::ToolStats,
};
use crate::{
    annotate_settings::CallSampling,
    candidate::{Candidate, Reason, Status},
    error::TrainError,
    filter_stage::FilterSettings,
    selection::SelectionStats,
    texts::TextSource,
    units::UnitRecord,
    weave::Woven,
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
    /// Samples that the filter did not keep, by why.
    #[serde(default)]
    pub by_reason: BTreeMap<Reason, usize>,
}

/// The thresholds of [`CandidateStats::kept_at`].
const KEPT_AT: [(&str, f64); 4] = [("0", 0.0), ("0.5", 0.5), ("1", 1.0), ("2", 2.0)];

impl CandidateStats {
    /// Counts candidates.
    pub fn new(candidates: &[Candidate]) -> Self {
        let mut stats = Self::empty();
        candidates.iter().for_each(|candidate| stats.add(candidate));
        stats
    }

    /// No candidate yet.
    fn empty() -> Self {
        Self { kept_at: KEPT_AT.map(|(tau, _)| (tau.to_owned(), 0)).into(), ..Self::default() }
    }

    fn add(&mut self, candidate: &Candidate) {
        self.candidates += 1;
        *self.by_status.entry(candidate.status).or_default() += 1;
        if let Some(reason) = candidate.reason {
            *self.by_reason.entry(reason).or_default() += 1;
        }
        self.unique += usize::from(!matches!(
            candidate.status,
            Status::Unparsable
                | Status::WrongTool
                | Status::Altered
                | Status::NoPlace
                | Status::Duplicate
                | Status::LooksAhead
                | Status::Screened
        ));
        self.executed += usize::from(candidate.status == Status::Ok);
        for (tau, _) in KEPT_AT.iter().filter(|&&(_, tau)| candidate.delta.is_some_and(|delta| delta >= tau))
        {
            *self.kept_at.entry((*tau).to_owned()).or_default() += 1;
        }
        if candidate.kept == Some(true) {
            self.kept += 1;
            let (mean, delta) = (self.mean_delta.unwrap_or(0.0), candidate.delta.unwrap_or(0.0));
            self.mean_delta = Some(mean + (delta - mean) / self.kept as f64);
        }
    }

    /// Samples that the filter gave its verdict on; those that gave no result among them.
    pub fn judged(&self) -> usize {
        self.kept + self.by_reason.values().sum::<usize>()
    }
}

/// What weaving made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WovenStats {
    /// Texts with at least one call.
    pub texts: usize,
    /// Texts without a call beside them.
    #[serde(default)]
    pub plain: usize,
    /// The calls.
    pub calls: usize,
    /// The calls by tool.
    pub by_tool: BTreeMap<String, usize>,
}

impl WovenStats {
    /// Counts woven texts.
    pub fn new(woven: &[Woven]) -> Self {
        let mut stats = Self::default();
        woven.iter().for_each(|woven| stats.add(woven));
        stats
    }

    /// Counts one.
    pub fn add(&mut self, woven: &Woven) {
        match woven.calls.is_empty() {
            true => self.plain += 1,
            false => self.texts += 1,
        }
        for call in &woven.calls {
            self.calls += 1;
            *self.by_tool.entry(call.tool.clone()).or_default() += 1;
        }
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
    /// Texts trained on: woven ones, and those without calls beside them.
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
    /// The candidates of each tool.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolStats>,
    /// The woven texts.
    #[serde(default)]
    pub woven: Option<WovenStats>,
    /// Held-out perplexity.
    pub perplexity: Option<PerplexityStats>,
    /// Training.
    pub train: Option<TrainStats>,
    /// Cost by stage.
    pub stages: BTreeMap<String, StageCost>,
}

impl Stats {
    /// Counts what collecting did.
    pub fn collected(units: UnitRecord, tally: Tally, sampling: CallSampling) -> Self {
        let annotate = StageCost { seconds: units.annotate_seconds, tokens: units.annotate_tokens };
        let execute = StageCost { seconds: units.execute_seconds, tokens: 0 };
        let filter = StageCost { seconds: units.filter_seconds, tokens: units.filter_tokens };
        // Without a screen there is no such stage.
        let screen = (units.screen_tokens > 0)
            .then_some(("screen", StageCost { seconds: units.screen_seconds, tokens: units.screen_tokens }));
        let (candidates, tools) = tally.finish();
        Self {
            texts: units.texts,
            too_long: units.too_long,
            positions: units.positions,
            selection: units.selection,
            sampling,
            candidates,
            tools,
            stages: [("annotate", annotate), ("execute", execute), ("filter", filter)]
                .into_iter()
                .chain(screen)
                .map(|(name, cost)| (name.to_owned(), cost))
                .collect(),
            ..Self::default()
        }
    }

    /// Enters what the calls to each tool had to gain.
    pub fn set_thresholds(&mut self, settings: &FilterSettings) {
        for (name, tool) in &mut self.tools {
            tool.threshold = Some(settings.threshold(name));
        }
    }

    /// Enters what the texts say around the examples; returns how many texts there are.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn quote(&mut self, texts: &dyn TextSource) -> Result<usize, TrainError> {
        let mut examples: Vec<&mut Example> =
            self.tools.values_mut().flat_map(|tool| &mut tool.examples).collect();
        let mut count = 0;
        for text in texts.texts()? {
            let text = text?;
            count += 1;
            for example in examples.iter_mut().filter(|example| example.candidate.text_id == text.id) {
                example.around = around::around(&text.text, example.candidate.position);
            }
        }
        Ok(count)
    }
}
