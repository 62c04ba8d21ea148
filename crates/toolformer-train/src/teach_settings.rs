//! Every knob of the whole job.

use serde::{Deserialize, Serialize};

use crate::{
    annotate_settings::AnnotateSettings, error::TrainError, filter_stage::FilterSettings,
    finetune_settings::FinetuneSettings,
};

/// Every setting of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeachSettings {
    /// Sampling of calls.
    pub annotate: AnnotateSettings,
    /// The filter.
    pub filter: FilterSettings,
    /// Fine-tuning.
    pub finetune: FinetuneSettings,
    /// Part of the texts that is neither annotated nor trained on, to measure perplexity.
    pub held_out: f64,
    /// Texts that go through the model together.
    pub unit_texts: usize,
}

impl Default for TeachSettings {
    /// Units of 8 texts; a tenth is held out.
    fn default() -> Self {
        Self {
            annotate: AnnotateSettings::default(),
            filter: FilterSettings::default(),
            finetune: FinetuneSettings::default(),
            held_out: 0.1,
            unit_texts: 8,
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
        if !(0.0..1.0).contains(&self.held_out) {
            let why = format!("is a part from 0 to below 1, not {}", self.held_out);
            return Err(TrainError::Setting { name: "held_out", why });
        }
        if self.unit_texts == 0 {
            return Err(TrainError::Setting { name: "unit_texts", why: "must be at least 1".into() });
        }
        Ok(())
    }
}
