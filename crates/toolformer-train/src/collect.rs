//! From texts to `candidates.jsonl`, unit by unit.
//!
//! A unit is a fixed number of consecutive texts that go through the model together. Batches never cross units and
//! a resumed run starts at one, so that its shapes, and with them the last bits, are those of an uninterrupted run.

use std::path::Path;

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer};

use crate::{
    annotate::Annotator,
    candidate::Candidate,
    error::TrainError,
    filter_stage::FilterStage,
    observer::{Clock, Observer},
    selection::SelectedTexts,
    texts::Text,
    tokenized::Tokenized,
    units::{UnitRecord, Units},
};

/// Annotates, executes and, if wanted, filters.
pub struct Collector<'a, 'm, B: Backend, M> {
    /// One for each tool.
    pub annotators: &'a [Annotator<'m, B, M>],
    /// Which texts are annotated for which tool.
    pub selected: &'a SelectedTexts,
    /// The filter; without one, candidates stay without losses.
    pub filter: Option<&'a FilterStage<'m, M>>,
    /// The model's tokenizer.
    pub tokenizer: &'m Tokenizer,
    /// Texts of a unit.
    pub unit_texts: usize,
    /// Units under way at once, each on a thread of its own. It changes nothing but the time.
    pub workers: usize,
}

impl<B: Backend, M: CausalLm<B> + Sync> Collector<'_, '_, B, M> {
    /// Writes the candidates of all texts to `out`, going on where an earlier run with the same `fingerprint`
    /// stopped; returns the records of all units.
    ///
    /// # Errors
    /// If `out` cannot be written or was begun with another fingerprint, or the tokenizer fails.
    pub fn run(
        &self,
        texts: &[Text],
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
    ) -> Result<Vec<UnitRecord>, TrainError> {
        let units = Units { texts: self.unit_texts, workers: self.workers };
        units.run("annotate", texts, out, fingerprint, observer, |_, texts, clock| self.unit(texts, clock))
    }

    fn unit(&self, texts: &[Text], clock: &Clock) -> Result<(Vec<Candidate>, UnitRecord), TrainError> {
        let began = clock();
        let texts: Vec<Tokenized<'_>> =
            texts.iter().map(|text| Tokenized::new(text, self.tokenizer)).collect::<Result<_, _>>()?;
        let mut record = UnitRecord { texts: texts.len(), ..UnitRecord::default() };
        let is_selected = |annotator: &Annotator<'_, B, M>, text: &Tokenized<'_>| {
            self.selected.includes(annotator.tool(), &text.text.id)
        };
        let fits = |text: &Tokenized<'_>| {
            self.annotators.iter().all(|annotator| !is_selected(annotator, text) || annotator.fits(text))
        };
        record.too_long = texts.iter().filter(|text| !fits(text)).count();
        let mut candidates = Vec::new();
        for annotator in self.annotators {
            let texts: Vec<_> = texts.iter().filter(|text| is_selected(annotator, text)).cloned().collect();
            let annotated = annotator.annotate(&texts)?;
            record.positions += annotated.positions;
            record.annotate_tokens += annotated.computed;
            candidates.extend(annotated.candidates);
        }
        let annotated = clock();
        record.annotate_seconds = (annotated - began) / self.workers as f64;
        if let Some(filter) = self.filter {
            record.filter_tokens = filter.judge::<B>(&texts, &mut candidates)?;
            record.filter_seconds = (clock() - annotated) / self.workers as f64;
        }
        Ok((candidates, record))
    }
}
