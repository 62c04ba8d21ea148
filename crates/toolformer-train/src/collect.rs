//! From texts to `candidates.jsonl`, unit by unit.
//!
//! A unit is a fixed number of consecutive texts that go through the model together. Batches never cross units and
//! a resumed run starts at one, so that its shapes, and with them the last bits, are those of an uninterrupted run.

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    path::Path,
};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer};
use toolformer_text::Registry;

use crate::{
    annotate::Annotator,
    candidate::Candidate,
    dated_tools::DatedTools,
    error::TrainError,
    execute::execute,
    filter_stage::FilterStage,
    observer::{Clock, Observer},
    reward::Screen,
    selection::Selection,
    texts::{Text, TextId, TextIter},
    tokenized::Tokenized,
    units::{UnitFile, UnitRecord, Units},
};

/// Annotates, executes and, if wanted, filters.
pub struct Collector<'a, 'm, B: Backend, M> {
    /// One for each tool.
    pub annotators: &'a [Annotator<'m, B, M>],
    /// Leaves out calls that are unlikely to be kept, before they are run.
    pub screen: Option<&'a Screen<B>>,
    /// Where the tools are found.
    pub registry: &'a Registry,
    /// Those that answer by the day of a text, where it is known.
    pub dated: Option<&'a DatedTools>,
    /// Most calls of a unit that run at a time. It changes nothing but the time.
    pub jobs: NonZeroUsize,
    /// The tools for which only the texts that look worth it are annotated; for others all are.
    pub select_for: &'a BTreeSet<String>,
    /// Seed of the selection's draws.
    pub seed: u64,
    /// The filter; without one, candidates stay without losses.
    pub filter: Option<&'a FilterStage<'m, M>>,
    /// The model's tokenizer.
    pub tokenizer: &'m Tokenizer,
    /// How the texts are cut.
    pub units: Units,
}

impl<B: Backend, M: CausalLm<B> + Sync> Collector<'_, '_, B, M> {
    /// Writes the candidates of the `count` texts to `out`, going on where an earlier run with the same `fingerprint`
    /// stopped; returns what all units cost. Memory does not grow with the number of texts.
    ///
    /// # Errors
    /// If a text or `out` cannot be read or written, `out` was begun with another fingerprint, or the tokenizer fails.
    pub fn run(
        &self,
        texts: TextIter<'_>,
        count: usize,
        out: &Path,
        fingerprint: &str,
        observer: &mut dyn Observer,
    ) -> Result<UnitRecord, TrainError> {
        let file = UnitFile { path: out, fingerprint };
        self.units.run("annotate", texts, count, file, observer, |_, texts, clock| {
            self.unit(&texts, clock, self.units.under_way(count))
        })
    }

    /// `under_way` is the number of units that share the time.
    fn unit(
        &self,
        texts: &[Text],
        clock: &Clock,
        under_way: f64,
    ) -> Result<(Vec<Candidate>, UnitRecord), TrainError> {
        let began = clock();
        let texts: Vec<Tokenized<'_>> =
            texts.iter().map(|text| Tokenized::new(text, self.tokenizer)).collect::<Result<_, _>>()?;
        let mut record = UnitRecord { texts: texts.len(), ..UnitRecord::default() };
        let mut too_long = vec![false; texts.len()];
        let mut candidates = Vec::new();
        for annotator in self.annotators {
            let tool = annotator.tool();
            let mut selection = self.select_for.contains(tool).then(|| Selection::for_tool(tool, self.seed));
            let mut selected = Vec::new();
            for (text, too_long) in texts.iter().zip(&mut too_long) {
                if selection.as_mut().is_none_or(|selection| selection.takes(text.text)) {
                    *too_long |= !annotator.fits(text);
                    selected.push(text.clone());
                }
            }
            if let Some(selection) = selection {
                record.selection.insert(tool.to_owned(), selection.stats().clone());
            }
            let annotated = annotator.annotate(&selected)?;
            record.positions += annotated.positions;
            record.annotate_tokens += annotated.computed;
            candidates.extend(annotated.candidates);
        }
        // What follows joins candidates to texts as it reads both.
        let number: HashMap<&TextId, usize> =
            texts.iter().enumerate().map(|(number, text)| (&text.text.id, number)).collect();
        candidates.sort_by_key(|candidate| number.get(&candidate.text_id).copied());
        record.too_long = too_long.into_iter().filter(|&too_long| too_long).count();
        let share = |from: f64, to: f64| (to - from) / under_way;
        let annotated = clock();
        record.annotate_seconds = share(began, annotated);
        if let Some(screen) = self.screen {
            record.screen_tokens = screen.sort_out(&texts, &mut candidates)?;
        }
        let screened = clock();
        record.screen_seconds = share(annotated, screened);
        if let Some(dated) = self.dated {
            let text_of = |id: &TextId| number.get(id).map(|&number| texts[number].text);
            dated.execute(text_of, &mut candidates, self.jobs);
        }
        execute(self.registry, &mut candidates, self.jobs);
        let executed = clock();
        record.execute_seconds = share(screened, executed);
        if let Some(filter) = self.filter {
            record.filter_tokens = filter.judge::<B>(&texts, &mut candidates)?;
            record.filter_seconds = share(executed, clock());
        }
        Ok((candidates, record))
    }
}
