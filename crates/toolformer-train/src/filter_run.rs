//! Filtering a file of candidates, unit by unit of its texts.

use std::path::Path;

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer};

use crate::{
    by_text::ByText,
    candidate::Candidate,
    error::TrainError,
    filter_stage::FilterStage,
    jsonl_lines::JsonlLines,
    observer::Observer,
    texts::{Text, TextSource},
    tokenized::Tokenized,
    units::{UnitFile, UnitRecord, Units},
};

/// Filters candidates that were annotated before.
pub struct FilterRun<'a, 'm, M> {
    /// The filter.
    pub stage: &'a FilterStage<'m, M>,
    /// The model's tokenizer.
    pub tokenizer: &'m Tokenizer,
    /// How the texts are cut.
    pub units: Units,
}

impl<M: Sync> FilterRun<'_, '_, M> {
    /// Writes the candidates of a file, which stand in the order of their texts, with losses and verdicts to `out`, going
    /// on where an earlier run with the same `fingerprint` stopped; returns what all units cost. Memory does not grow with
    /// the number of texts.
    ///
    /// # Errors
    /// If a candidate does not belong to the texts or stands out of order (told before anything is computed), a file
    /// cannot be read or written, `out` was begun with another fingerprint, or the tokenizer fails.
    pub fn run<B: Backend>(
        &self,
        texts: &dyn TextSource,
        candidates: &Path,
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
    ) -> Result<UnitRecord, TrainError>
    where
        M: CausalLm<B>,
    {
        let joined = || Ok(ByText::new(texts.texts()?, JsonlLines::<Candidate>::open(candidates)?));
        let file = UnitFile { path: out, fingerprint };
        self.units.filter("filter", joined, file, observer, |_, unit| {
            let (texts, candidates): (Vec<Text>, Vec<Vec<Candidate>>) = unit.into_iter().unzip();
            let tokenized = texts.iter().map(|text| Tokenized::new(text, self.tokenizer));
            let tokenized: Vec<Tokenized<'_>> = tokenized.collect::<Result<_, _>>()?;
            let mut candidates = candidates.concat();
            let tokens = self.stage.judge::<B>(&tokenized, &mut candidates)?;
            Ok((candidates, tokens))
        })
    }
}
