//! Filtering a file of candidates, unit by unit of its texts.

use std::{collections::HashMap, path::Path};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer};

use crate::{
    candidate::Candidate,
    error::TrainError,
    filter_stage::FilterStage,
    observer::Observer,
    texts::{Text, TextId},
    tokenized::Tokenized,
    units::{UnitRecord, Units},
};

/// Filters candidates that were annotated before.
pub struct FilterRun<'a, 'm, M> {
    /// The filter.
    pub stage: &'a FilterStage<'m, M>,
    /// The model's tokenizer.
    pub tokenizer: &'m Tokenizer,
    /// Texts of a unit.
    pub unit_texts: usize,
    /// Units under way at once, each on a thread of its own. It changes nothing but the time.
    pub workers: usize,
}

impl<M: Sync> FilterRun<'_, '_, M> {
    /// Writes the candidates with losses and verdicts to `out`, by text and then in their order, going on where an
    /// earlier run with the same `fingerprint` stopped; returns the records of all units.
    ///
    /// # Errors
    /// If a candidate does not belong to the texts, `out` cannot be written or was begun with another fingerprint,
    /// or the tokenizer fails.
    pub fn run<B: Backend>(
        &self,
        texts: &[Text],
        candidates: Vec<Candidate>,
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
    ) -> Result<Vec<UnitRecord>, TrainError>
    where
        M: CausalLm<B>,
    {
        let by_unit = self.by_unit(texts, candidates)?;
        let units = Units { texts: self.unit_texts, workers: self.workers };
        units.run("filter", texts, out, fingerprint, observer, |number, texts, clock| {
            let began = clock();
            let tokenized = texts.iter().map(|text| Tokenized::new(text, self.tokenizer));
            let tokenized: Vec<Tokenized<'_>> = tokenized.collect::<Result<_, _>>()?;
            let mut candidates = by_unit[number].clone();
            let filter_tokens = self.stage.judge::<B>(&tokenized, &mut candidates)?;
            let filter_seconds = (clock() - began) / self.workers as f64;
            let texts = texts.len();
            Ok((candidates, UnitRecord { texts, filter_tokens, filter_seconds, ..UnitRecord::default() }))
        })
    }

    /// The candidates of each unit of texts, within it in their order.
    fn by_unit(&self, texts: &[Text], candidates: Vec<Candidate>) -> Result<Vec<Vec<Candidate>>, TrainError> {
        let unit_of: HashMap<&TextId, usize> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| (&text.id, number / self.unit_texts.max(1)))
            .collect();
        let mut units = vec![Vec::new(); texts.len().div_ceil(self.unit_texts.max(1))];
        for candidate in candidates {
            match unit_of.get(&candidate.text_id) {
                Some(&unit) => units[unit].push(candidate),
                None => {
                    let why =
                        "is not of these texts; give the file that the candidates were made from".into();
                    return Err(TrainError::Candidate { text_id: candidate.text_id, why });
                }
            }
        }
        Ok(units)
    }
}
