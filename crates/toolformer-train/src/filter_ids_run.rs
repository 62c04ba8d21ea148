//! Filtering a file of candidates that carry token ids, unit by unit.

use std::path::Path;

use burn::tensor::backend::Backend;
use serde_json::{Map, Value};
use toolformer_model::CausalLm;

use crate::{
    error::TrainError,
    filter_ids::{IdCandidate, judge_ids},
    filter_stage::FilterSettings,
    jsonl_lines::JsonlLines,
    observer::Observer,
    texts::TextId,
    units::{UnitFile, UnitRecord, Units},
};

/// Filters candidates that carry token ids.
pub struct FilterIdsRun<'m, M> {
    /// The model.
    pub model: &'m M,
    /// How they are filtered.
    pub settings: FilterSettings,
    /// How the candidates are cut; each stands for a text.
    pub units: Units,
}

impl<M: Sync> FilterIdsRun<'_, M> {
    /// Writes the candidates of a file with losses and verdicts to `out`, going on where an earlier run with the same
    /// `fingerprint` stopped; returns what all units cost. Memory does not grow with their number.
    ///
    /// # Errors
    /// If a candidate carries no ids or does not fit the model, a file cannot be read or written, or `out` was begun
    /// with another fingerprint.
    pub fn run<B: Backend>(
        &self,
        candidates: &Path,
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
    ) -> Result<UnitRecord, TrainError>
    where
        M: CausalLm<B>,
    {
        let read = || {
            let objects = JsonlLines::<Map<String, Value>>::open(candidates)?.enumerate();
            Ok(objects.map(|(number, object)| {
                IdCandidate::from_object(object?).map_err(|error| TrainError::Candidate {
                    text_id: TextId::Number(number as u64),
                    why: format!("carries no ids as the others do: {error}"),
                })
            }))
        };
        let file = UnitFile { path: out, fingerprint };
        self.units.filter("filter ids", read, file, observer, |unit, mut candidates| {
            let first = unit * self.units.texts;
            let tokens = judge_ids::<B, _>(self.model, &self.settings, &mut candidates, first)?;
            Ok((candidates, tokens))
        })
    }
}
