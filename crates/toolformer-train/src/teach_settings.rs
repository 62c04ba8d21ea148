//! Every knob of the whole job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    annotate_settings::AnnotateSettings,
    error::TrainError,
    filter_stage::FilterSettings,
    tool_settings::ToolSettings,
    training::TrainingSettings,
    weave::{WeaveSettings, check_plain_ratio},
};

/// Every setting of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeachSettings {
    /// Sampling of calls.
    ///
    /// Its `tau_s`, `k` and `m`, and the filter's `tau_f`, are those of the tools that `tools` does not name.
    pub annotate: AnnotateSettings,
    /// The filter.
    pub filter: FilterSettings,
    /// Fine-tuning.
    pub finetune: TrainingSettings,
    /// Part of the texts that is neither annotated nor trained on, to measure perplexity.
    pub held_out: f64,
    /// Texts that go through the model together.
    pub unit_texts: usize,
    /// For every text with calls, so many without go into the training; see [`WeaveSettings::plain_ratio`].
    #[serde(skip_serializing_if = "is_zero", default)]
    pub plain_ratio: f64,
    /// Settings of single tools, by the names they have in text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub tools: BTreeMap<String, ToolSettings>,
}

impl Default for TeachSettings {
    /// Units of 8 texts; a tenth is held out.
    fn default() -> Self {
        Self {
            annotate: AnnotateSettings::default(),
            filter: FilterSettings::default(),
            finetune: TrainingSettings::default(),
            held_out: 0.1,
            unit_texts: 8,
            plain_ratio: 0.0,
            tools: BTreeMap::new(),
        }
    }
}

impl TeachSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.annotate.validate()?;
        self.filter.validate()?;
        self.finetune.validate()?;
        self.tools.values().try_for_each(ToolSettings::validate)?;
        check_plain_ratio(self.plain_ratio)?;
        if !(0.0..1.0).contains(&self.held_out) {
            let why = format!("is a part from 0 to below 1, not {}", self.held_out);
            return Err(TrainError::Setting { name: "held_out", why });
        }
        if self.finetune.early_stopping.is_some() && self.held_out == 0.0 {
            let why = "ends a run by the held-out texts, and held_out is 0".to_owned();
            return Err(TrainError::Setting { name: "early_stopping.patience", why });
        }
        if self.unit_texts == 0 {
            return Err(TrainError::Setting { name: "unit_texts", why: "must be at least 1".into() });
        }
        Ok(())
    }

    /// How calls to a tool are sampled.
    pub(crate) fn annotate_of(&self, tool: &str) -> AnnotateSettings {
        self.tools.get(tool).map_or_else(|| self.annotate.clone(), |own| own.annotate(&self.annotate))
    }

    /// How the calls of all tools are filtered.
    pub(crate) fn filter_of_all(&self) -> FilterSettings {
        self.filter.clone().with_tools(&self.tools)
    }

    /// The tools for which texts are selected.
    pub(crate) fn selecting(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().filter(|(_, own)| own.select).map(|(tool, _)| tool.as_str())
    }

    /// What is woven.
    pub(crate) fn weaving(&self) -> WeaveSettings {
        let limits = self.tools.iter().filter_map(|(tool, own)| Some((tool.clone(), own.max_examples?)));
        let (plain_ratio, seed) = (self.plain_ratio, self.annotate.seed);
        WeaveSettings { max_examples: limits.collect(), plain_ratio, seed }
    }
}

/// Whether a setting is at the default that files leave out.
pub(crate) fn is_zero(number: &f64) -> bool {
    *number == 0.0
}
