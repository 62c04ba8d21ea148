//! Changes of the scores before a token is chosen: what was written already, and what the caller wants or forbids.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::error::DecodeError;

/// Changes of the scores over the vocabulary. The defaults change nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Penalties {
    /// Scores of tokens of the prompt and of the completion are divided by it where they are positive and multiplied
    /// where they are negative; above 1 against repetition (Keskar et al., 2019).
    pub repetition: f64,
    /// Taken off the scores of tokens of the completion, once each.
    pub presence: f64,
    /// Taken off the scores of tokens of the completion, as often as they stand there.
    pub frequency: f64,
    /// No sequence of so many tokens stands twice in prompt and completion; 0 for no such rule.
    pub no_repeat_ngram: usize,
    /// Added to the scores of single tokens.
    pub logit_bias: BTreeMap<u32, f32>,
}

impl Default for Penalties {
    fn default() -> Self {
        Self {
            repetition: 1.0,
            presence: 0.0,
            frequency: 0.0,
            no_repeat_ngram: 0,
            logit_bias: BTreeMap::new(),
        }
    }
}

impl Penalties {
    /// # Errors
    /// If a value is out of range, or a token is none of the model's `vocab_size`.
    pub fn validate(&self, vocab_size: usize) -> Result<(), DecodeError> {
        let setting = |name, why: String| Err(DecodeError::Setting { name, why });
        if !(self.repetition.is_finite() && self.repetition > 0.0) {
            return setting("repetition", format!("must be above 0 (1 for none), is {}", self.repetition));
        }
        for (name, penalty) in [("presence", self.presence), ("frequency", self.frequency)] {
            if !(-2.0..=2.0).contains(&penalty) {
                return setting(name, format!("must be between -2 and 2, is {penalty}"));
            }
        }
        for (&id, &bias) in &self.logit_bias {
            if id as usize >= vocab_size {
                return setting("logit_bias", format!("names token {id}; ids are below {vocab_size}"));
            }
            if !(-100.0..=100.0).contains(&bias) {
                return setting("logit_bias", format!("must be between -100 and 100, is {bias} for {id}"));
            }
        }
        Ok(())
    }

    /// Whether they change nothing.
    pub(crate) fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the scores of what may come behind `prompt` and `completion`.
    pub fn apply(&self, logits: &mut [f32], prompt: &[u32], completion: &[u32]) {
        let all = || prompt.iter().chain(completion).copied();
        if self.repetition != 1.0 {
            let by = self.repetition as f32;
            for id in all().collect::<HashSet<u32>>() {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = if *logit < 0.0 { *logit * by } else { *logit / by };
                }
            }
        }
        if self.presence != 0.0 || self.frequency != 0.0 {
            let mut counts: BTreeMap<u32, f64> = BTreeMap::new();
            completion.iter().for_each(|&id| *counts.entry(id).or_default() += 1.0);
            for (id, count) in counts {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit -= (self.presence + self.frequency * count) as f32;
                }
            }
        }
        for (&id, &bias) in &self.logit_bias {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit += bias;
            }
        }
        if self.no_repeat_ngram > 0 {
            let ids: Vec<u32> = all().collect();
            for id in closing(&ids, self.no_repeat_ngram) {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }
}

/// The tokens that would make the last `n` tokens a sequence that stood there before.
fn closing(ids: &[u32], n: usize) -> impl Iterator<Item = u32> {
    let last = ids.len().checked_sub(n - 1).map(|start| &ids[start..]);
    ids.windows(n).filter(move |window| last == Some(&window[..n - 1])).map(move |window| window[n - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Changed {
        scores: Vec<f32>,
        ids: Vec<u32>,
        repetition: f64,
        no_repeat_ngram: usize,
        changed: Vec<Option<f32>>,
    }

    /// `make_sampling.py` ran transformers' own processors.
    #[test]
    fn scores_become_what_transformers_makes_of_them() {
        #[derive(Deserialize)]
        struct Fixture {
            processors: Vec<Changed>,
        }
        let fixture: Fixture = serde_json::from_str(include_str!("../tests/fixtures/sampling.json")).unwrap();
        for Changed { mut scores, ids, repetition, no_repeat_ngram, changed } in fixture.processors {
            let penalties = Penalties { repetition, no_repeat_ngram, ..Penalties::default() };
            // Wherever the prompt ends, both count the same.
            let (prompt, completion) = ids.split_at(ids.len() / 2);
            penalties.apply(&mut scores, prompt, completion);
            for (found, expected) in scores.iter().zip(changed) {
                match expected {
                    None => assert_eq!(*found, f32::NEG_INFINITY, "{ids:?}"),
                    Some(expected) => {
                        assert!((found - expected).abs() < 1e-5, "{ids:?}: {found}, {expected}")
                    }
                }
            }
        }
    }

    #[track_caller]
    fn check(penalties: Penalties, expected: [f32; 4]) {
        let mut logits = [1.0, -1.0, 0.5, 2.0];
        penalties.validate(4).unwrap();
        penalties.apply(&mut logits, &[0, 3], &[1, 2, 2]);
        assert_eq!(logits, expected, "{penalties:?}");
    }

    #[test]
    fn the_completion_counts_for_presence_and_frequency() {
        check(Penalties::default(), [1.0, -1.0, 0.5, 2.0]);
        check(Penalties { presence: 0.5, ..Penalties::default() }, [1.0, -1.5, 0.0, 2.0]);
        check(Penalties { frequency: 0.5, ..Penalties::default() }, [1.0, -1.5, -0.5, 2.0]);
        check(Penalties { frequency: -0.5, presence: 0.25, ..Penalties::default() }, [1.0, -0.75, 1.25, 2.0]);
        let logit_bias = BTreeMap::from([(0, 3.0), (3, -100.0)]);
        check(Penalties { logit_bias, ..Penalties::default() }, [4.0, -1.0, 0.5, -98.0]);
    }

    #[test]
    fn ranges_are_checked() {
        let refused = |penalties: Penalties, expected: &str| {
            let error = penalties.validate(4).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let none = Penalties::default;
        refused(Penalties { repetition: 0.0, ..none() }, "`repetition`: must be above 0");
        refused(Penalties { presence: 2.1, ..none() }, "`presence`: must be between -2 and 2");
        refused(Penalties { frequency: f64::NAN, ..none() }, "`frequency`: must be between -2 and 2");
        refused(
            Penalties { logit_bias: BTreeMap::from([(4, 1.0)]), ..none() },
            "names token 4; ids are below 4",
        );
        refused(Penalties { logit_bias: BTreeMap::from([(1, 101.0)]), ..none() }, "between -100 and 100");
    }
}
