//! Work on texts in units, onto a file that survives being killed.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    in_order::in_order,
    observer::{Clock, Observer},
    selection::SelectionStats,
    shard::Shard,
    unit_log::{Header, UnitCost, UnitLog},
};

/// What a unit held and cost, or several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitRecord {
    /// Texts in it.
    pub texts: usize,
    /// Texts too long for the model's context, which got no candidate.
    pub too_long: usize,
    /// Positions sampled at.
    pub positions: usize,
    /// Tokens that annotating took through the model.
    pub annotate_tokens: usize,
    /// Seconds that annotating took; where several units were under way at once, its share of them.
    pub annotate_seconds: f64,
    /// Tokens that screening took through the reward model.
    #[serde(default)]
    pub screen_tokens: usize,
    /// Seconds that screening took, likewise.
    #[serde(default)]
    pub screen_seconds: f64,
    /// Seconds that running the calls took, likewise.
    #[serde(default)]
    pub execute_seconds: f64,
    /// Tokens that filtering took through the model.
    pub filter_tokens: usize,
    /// Seconds that filtering took, likewise.
    pub filter_seconds: f64,
    /// Which texts were selected for each tool that was.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub selection: BTreeMap<String, SelectionStats>,
}

impl UnitCost for UnitRecord {
    fn add(&mut self, unit: &Self) {
        self.texts += unit.texts;
        self.too_long += unit.too_long;
        self.positions += unit.positions;
        self.annotate_tokens += unit.annotate_tokens;
        self.annotate_seconds += unit.annotate_seconds;
        self.screen_tokens += unit.screen_tokens;
        self.screen_seconds += unit.screen_seconds;
        self.execute_seconds += unit.execute_seconds;
        self.filter_tokens += unit.filter_tokens;
        self.filter_seconds += unit.filter_seconds;
        for (tool, selection) in &unit.selection {
            self.selection.entry(tool.clone()).or_default().add(selection);
        }
    }
}

/// How texts are cut into units.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// Texts of a unit: they go through the model together.
    pub texts: usize,
    /// Units under way at once, each on a thread of its own. It changes nothing but time and memory.
    pub workers: usize,
    /// The part of the units that is done.
    pub shard: Shard,
}

impl Default for Units {
    /// Units of eight texts, one after the other, to the end.
    fn default() -> Self {
        Self { texts: 8, workers: 1, shard: Shard::WHOLE }
    }
}

/// A file that is written unit by unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitFile<'a> {
    pub(crate) path: &'a Path,
    /// Stands for what it is made from.
    pub(crate) fingerprint: &'a str,
}

impl Units {
    /// Units that are under way at once when there are `count` items: each takes that part of the time that passes.
    pub(crate) fn under_way(&self, count: usize) -> f64 {
        self.workers.min(self.shard.range(count.div_ceil(self.texts.max(1))).len()).max(1) as f64
    }

    /// As [`Units::run`] for the filter, which may be asked for the items again: they are all looked at before anything is
    /// computed. `judge` gives what is written of a unit, and the tokens that it took.
    pub(crate) fn filter<I: Send, O: Serialize + Send, It>(
        &self,
        stage: &'static str,
        open: impl Fn() -> Result<It, TrainError>,
        out: UnitFile<'_>,
        observer: &mut dyn Observer,
        judge: impl Fn(usize, Vec<I>) -> Result<(Vec<O>, usize), TrainError> + Sync,
    ) -> Result<UnitRecord, TrainError>
    where
        It: Iterator<Item = Result<I, TrainError>> + Send,
    {
        let count = open()?.try_fold(0, |count, item| item.map(|_| count + 1))?;
        self.run(stage, open()?, count, out, observer, |number, items, clock| {
            let (began, texts) = (clock(), items.len());
            let (judged, filter_tokens) = judge(number, items)?;
            let filter_seconds = (clock() - began) / self.under_way(count);
            Ok((judged, UnitRecord { texts, filter_tokens, filter_seconds, ..UnitRecord::default() }))
        })
    }

    /// Writes what `unit` makes of every unit of the `count` items to `out`, going on where an earlier run with the same
    /// fingerprint stopped; returns what all units cost. In memory are the units under way alone.
    pub(crate) fn run<I: Send, O: Serialize + Send>(
        &self,
        stage: &'static str,
        mut items: impl Iterator<Item = Result<I, TrainError>> + Send,
        count: usize,
        out: UnitFile<'_>,
        observer: &mut dyn Observer,
        unit: impl Fn(usize, Vec<I>, &Clock) -> Result<(Vec<O>, UnitRecord), TrainError> + Sync,
    ) -> Result<UnitRecord, TrainError> {
        for (name, value) in [("unit_texts", self.texts), ("workers", self.workers)] {
            if value == 0 {
                return Err(TrainError::Setting { name, why: "must be at least 1".into() });
            }
        }
        let range = self.shard.range(count.div_ceil(self.texts));
        let mut log = UnitLog::<UnitRecord>::open_as(
            out.path,
            Header {
                fingerprint: out.fingerprint.to_owned(),
                shard: Some(self.shard).filter(|shard| !shard.is_whole()),
                units: Some(range.len()),
            },
        )?;
        let items_of = |units: usize| {
            count.min((range.start + units) * self.texts) - count.min(range.start * self.texts)
        };
        observer.start(stage, items_of(range.len()), items_of(log.units()));
        let clock = observer.clock();
        let first = range.start + log.units();
        items.by_ref().take(first * self.texts).try_for_each(|item| item.map(drop))?;
        let units = (first..).zip(Chunks { items, len: self.texts });
        let units = units.take(range.end.saturating_sub(first));
        let work = |(number, items): (usize, Result<Vec<I>, TrainError>)| unit(number, items?, &clock);
        in_order(self.workers, units, work, |done: Result<_, TrainError>| {
            let (objects, record): (Vec<O>, UnitRecord) = done?;
            let (texts, tokens) = (record.texts, record.annotate_tokens + record.filter_tokens);
            log.append(&objects, record)?;
            observer.advance(texts, tokens);
            Ok::<(), TrainError>(())
        })?;
        observer.finish();
        Ok(log.cost().clone())
    }
}

/// Items in pieces of `len`, the last of which may be shorter; or the first error in a piece.
struct Chunks<I> {
    items: I,
    len: usize,
}

impl<T, I: Iterator<Item = Result<T, TrainError>>> Iterator for Chunks<I> {
    type Item = Result<Vec<T>, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk: Result<Vec<T>, TrainError> = self.items.by_ref().take(self.len).collect();
        Some(chunk).filter(|chunk| chunk.as_ref().map_or(true, |chunk| !chunk.is_empty()))
    }
}
