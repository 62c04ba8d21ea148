//! What is woven, and what goes beside it.

use std::collections::BTreeMap;

use crate::error::TrainError;

/// Which calls and which texts go into the training set. The default is the paper's: every kept call, and no text without
/// one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeaveSettings {
    /// Most calls to the tools that it names, over all texts: those with the greatest `delta`.
    pub max_examples: BTreeMap<String, usize>,
    /// For every text with calls, so many of those for which no call was kept, as they are; as far as there are.
    pub plain_ratio: f64,
    /// Seed of the draw among them.
    pub seed: u64,
}

impl WeaveSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        check_plain_ratio(self.plain_ratio)?;
        self.max_examples.values().try_for_each(|&most| check_max_examples(most))
    }

    /// Whether texts and candidates have to be read before the first text can be woven.
    pub fn needs_two_passes(&self) -> bool {
        self.plain_ratio > 0.0 || !self.max_examples.is_empty()
    }
}

pub(crate) fn check_plain_ratio(ratio: f64) -> Result<(), TrainError> {
    if ratio.is_finite() && ratio >= 0.0 {
        return Ok(());
    }
    let why = format!("is a number of texts for each text with calls, 0 or more, not {ratio}");
    Err(TrainError::Setting { name: "plain_ratio", why })
}

pub(crate) fn check_max_examples(most: usize) -> Result<(), TrainError> {
    if most > 0 {
        return Ok(());
    }
    let why = "must be at least 1 call; leave the tool out if none is wanted".into();
    Err(TrainError::Setting { name: "max_examples", why })
}
