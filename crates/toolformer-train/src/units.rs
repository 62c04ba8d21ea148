//! Work on texts in units, onto a file that survives being killed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    candidate::Candidate,
    error::TrainError,
    in_order::in_order,
    observer::{Clock, Observer},
    texts::Text,
    unit_log::UnitLog,
};

/// What a unit held and cost.
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
    /// Tokens that filtering took through the model.
    pub filter_tokens: usize,
    /// Seconds that filtering took, likewise.
    pub filter_seconds: f64,
}

/// How texts are cut into units.
pub(crate) struct Units {
    /// Texts of a unit.
    pub(crate) texts: usize,
    /// Units under way at once.
    pub(crate) workers: usize,
}

impl Units {
    /// Writes what `unit` makes of every unit of texts (given with its number) to `out`, going on where an earlier
    /// run with the same `fingerprint` stopped; returns the records of all units.
    pub(crate) fn run(
        &self,
        stage: &'static str,
        texts: &[Text],
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
        unit: impl Fn(usize, &[Text], &Clock) -> Result<(Vec<Candidate>, UnitRecord), TrainError> + Sync,
    ) -> Result<Vec<UnitRecord>, TrainError> {
        for (name, value) in [("unit_texts", self.texts), ("workers", self.workers)] {
            if value == 0 {
                return Err(TrainError::Setting { name, why: "must be at least 1".into() });
            }
        }
        let mut log = UnitLog::<UnitRecord>::open(out, fingerprint)?;
        let first = log.units().len();
        observer.start(stage, texts.len(), texts.len().min(first * self.texts));
        let units: Vec<&[Text]> = texts.chunks(self.texts).collect();
        let clock = observer.clock();
        let left = units.len().saturating_sub(first);
        let work = |i: usize| unit(first + i, units[first + i], &clock);
        in_order(self.workers, left, work, |done: Result<_, TrainError>| {
            let (candidates, record): (Vec<Candidate>, UnitRecord) = done?;
            let (texts, tokens) = (record.texts, record.annotate_tokens + record.filter_tokens);
            log.append(&candidates, record)?;
            observer.advance(texts, tokens);
            Ok::<(), TrainError>(())
        })?;
        observer.finish();
        Ok(log.units().to_vec())
    }
}
