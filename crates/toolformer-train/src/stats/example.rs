//! Calls to look at: the best, those nearest to the threshold on both sides, and some of every kind that was dropped.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lowest::{Key, Lowest};
use crate::candidate::{Candidate, Reason, Status};

/// Why a call is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExampleKind {
    /// One of the kept calls with the greatest `L- - L+`.
    BestKept,
    /// One of the kept calls with the smallest.
    JustKept,
    /// One of the judged calls that were not kept, with the greatest.
    JustRejected,
    /// A judged call that was not kept, drawn at random.
    Rejected,
    /// A sample that gave no result, drawn at random among those of its status.
    NotExecuted,
    /// A call with a result that was not judged, drawn at random.
    Unjudged,
}

/// A call to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Why it is shown.
    pub kind: ExampleKind,
    /// What its text says before the call, and behind it: a short piece of each, where the text is at hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub around: Option<[String; 2]>,
    /// The call itself.
    #[serde(flatten)]
    pub candidate: Candidate,
}

/// Picks them from candidates that come one by one.
#[derive(Debug)]
pub(super) struct Picker {
    best_kept: Lowest<Candidate>,
    just_kept: Lowest<Candidate>,
    just_rejected: Lowest<Candidate>,
    rejected: Lowest<Candidate>,
    unjudged: Lowest<Candidate>,
    not_executed: BTreeMap<Status, Lowest<Candidate>>,
}

impl Default for Picker {
    fn default() -> Self {
        Self {
            best_kept: Lowest::new(5),
            just_kept: Lowest::new(3),
            just_rejected: Lowest::new(4),
            rejected: Lowest::new(4),
            unjudged: Lowest::new(5),
            not_executed: BTreeMap::new(),
        }
    }
}

impl Picker {
    /// `draw` is drawn from what the candidate is.
    pub(super) fn add(&mut self, candidate: &Candidate, draw: u64) {
        let offer = |to: &mut Lowest<Candidate>, value: f64| {
            to.offer(Key { value, draw }, || candidate.clone());
        };
        match (candidate.status, candidate.delta) {
            (Status::Ok, Some(delta)) if candidate.kept == Some(true) => {
                offer(&mut self.best_kept, -delta);
                offer(&mut self.just_kept, delta);
            }
            (Status::Ok, Some(delta)) if candidate.reason == Some(Reason::BelowThreshold) => {
                offer(&mut self.just_rejected, -delta);
                offer(&mut self.rejected, 0.0);
            }
            (Status::Ok, _) => offer(&mut self.unjudged, 0.0),
            (status, _) => {
                offer(self.not_executed.entry(status).or_insert_with(|| Lowest::new(2)), 0.0);
            }
        }
    }

    /// Each is shown once, for the first reason that it has.
    pub(super) fn examples(self) -> Vec<Example> {
        let kinds = [
            (ExampleKind::BestKept, self.best_kept),
            (ExampleKind::JustKept, self.just_kept),
            (ExampleKind::JustRejected, self.just_rejected),
            (ExampleKind::Rejected, self.rejected),
            (ExampleKind::Unjudged, self.unjudged),
        ];
        let not_executed = self.not_executed.into_values().map(|some| (ExampleKind::NotExecuted, some));
        let mut seen = BTreeSet::new();
        let mut examples = Vec::new();
        for (kind, candidates) in kinds.into_iter().chain(not_executed) {
            for (key, candidate) in candidates.into_things() {
                if seen.insert(key.draw) {
                    examples.push(Example { kind, around: None, candidate });
                }
            }
        }
        examples
    }
}
