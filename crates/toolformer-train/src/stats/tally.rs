//! Counting candidates in one pass, in memory that does not grow with their number.

use std::{collections::BTreeMap, path::Path};

use rand::Rng as _;
use toolformer_decode::draw_rng;

use super::{
    CandidateStats,
    example::Picker,
    histogram::Histogram,
    lowest::{Key, Lowest},
    tau_sweep::TauSweep,
    tool_stats::ToolStats,
};
use crate::{candidate::Candidate, error::TrainError, jsonl_lines::JsonlLines, texts::TextId};

/// Of so many calls of a tool the losses are told one by one.
const LOSSES: usize = 200;

/// Counts candidates as they come, in the order that `candidates.jsonl` has them.
///
/// Which examples it picks depends on the candidates and not on their order; those of a text have to stand together. Memory:
/// some tens of examples for each tool.
#[derive(Debug)]
pub struct Tally {
    total: CandidateStats,
    tools: BTreeMap<String, ToolTally>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { total: CandidateStats::empty(), tools: BTreeMap::new() }
    }
}

impl Tally {
    /// Counts those of a file, one after the other.
    ///
    /// # Errors
    /// If it cannot be read, or a line is no candidate.
    pub fn of_file(path: &Path) -> Result<Self, TrainError> {
        Self::of(JsonlLines::open(path)?)
    }

    /// Counts all.
    pub(crate) fn of(
        mut candidates: impl Iterator<Item = Result<Candidate, TrainError>>,
    ) -> Result<Self, TrainError> {
        candidates.try_fold(Self::default(), |mut tally, candidate| {
            tally.add(&candidate?);
            Ok(tally)
        })
    }

    /// Counts one.
    pub fn add(&mut self, candidate: &Candidate) {
        self.total.add(candidate);
        if !self.tools.contains_key(&candidate.tool) {
            self.tools.insert(candidate.tool.clone(), ToolTally::new());
        }
        if let Some(tool) = self.tools.get_mut(&candidate.tool) {
            tool.add(candidate);
        }
    }

    /// The counts over all tools, and those of each.
    pub fn finish(self) -> (CandidateStats, BTreeMap<String, ToolStats>) {
        let tools = self.tools.into_iter().map(|(name, tool)| (name, tool.finish()));
        (self.total, tools.collect())
    }
}

#[derive(Debug)]
struct ToolTally {
    stats: ToolStats,
    /// Where the last sample was drawn: samples of one place are neighbours.
    place: Option<(TextId, usize)>,
    sweep: TauSweep,
    losses: Lowest<[f64; 3]>,
    picker: Picker,
}

impl ToolTally {
    fn new() -> Self {
        let stats = ToolStats {
            counts: CandidateStats::empty(),
            p_start: Histogram::of_probabilities(),
            delta: Histogram::of_deltas(),
            loss_none: Histogram::of_losses(),
            loss_call: Histogram::of_losses(),
            loss_response: Histogram::of_losses(),
            ..ToolStats::default()
        };
        let (losses, picker) = (Lowest::new(LOSSES), Picker::default());
        Self { stats, place: None, sweep: TauSweep::default(), losses, picker }
    }

    fn add(&mut self, candidate: &Candidate) {
        self.stats.counts.add(candidate);
        let here =
            |(text, place): &(TextId, usize)| *place == candidate.position && *text == candidate.text_id;
        if !self.place.as_ref().is_some_and(here) {
            self.place = Some((candidate.text_id.clone(), candidate.position));
            self.stats.positions += 1;
            self.stats.p_start.add(candidate.p_start);
        }
        let draw = draw(candidate);
        if let Some(losses) = candidate.losses {
            self.stats.loss_none.add(losses.none);
            self.stats.loss_call.add(losses.call);
            self.stats.loss_response.add(losses.response);
            let all = [losses.none, losses.call, losses.response];
            self.losses.offer(Key { value: 0.0, draw }, || all);
        }
        if let Some(delta) = candidate.delta {
            self.stats.delta.add(delta);
            self.sweep.add(&candidate.text_id, delta);
        }
        self.picker.add(candidate, draw);
    }

    fn finish(self) -> ToolStats {
        ToolStats {
            tau_f_sweep: self.sweep.points(),
            losses: self.losses.into_things().map(|(_, losses)| losses).collect(),
            examples: self.picker.examples(),
            ..self.stats
        }
    }
}

/// A number drawn from what the candidate is.
fn draw(candidate: &Candidate) -> u64 {
    let (position, status) = (candidate.position.to_string(), format!("{:?}", candidate.status));
    let text = candidate.text_id.to_string();
    draw_rng(0, &["example", &text, &candidate.tool, &position, &candidate.call, &status]).random()
}
