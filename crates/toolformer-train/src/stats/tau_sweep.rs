//! What other thresholds would keep, as in the paper's Table 2.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::{Deserialize, Serialize};

use crate::texts::TextId;

/// The thresholds, in nats, rising.
const TAUS: [f64; 9] = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0];

/// What one threshold would keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The threshold, in nats.
    pub tau_f: f64,
    /// Calls with `L- - L+ >= tau_f`.
    pub calls: usize,
    /// Texts with at least one of them.
    pub texts: usize,
}

/// Counts for all thresholds at once.
#[derive(Debug, Default)]
pub(super) struct TauSweep {
    /// Calls by how many thresholds they reach.
    calls: [usize; TAUS.len() + 1],
    /// The most thresholds that a call of a text reaches: a few bytes for a text that has any, whatever its calls.
    texts: HashMap<u64, u8>,
}

impl TauSweep {
    pub(super) fn add(&mut self, text: &TextId, delta: f64) {
        let reached = TAUS.partition_point(|&tau| tau <= delta);
        self.calls[reached] += 1;
        if reached > 0 {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let most = self.texts.entry(hasher.finish()).or_default();
            *most = (*most).max(reached as u8);
        }
    }

    pub(super) fn points(&self) -> Vec<SweepPoint> {
        let point = |(number, &tau_f): (usize, &f64)| SweepPoint {
            tau_f,
            calls: self.calls[number + 1..].iter().sum(),
            texts: self.texts.values().filter(|&&most| usize::from(most) > number).count(),
        };
        TAUS.iter().enumerate().map(point).collect()
    }
}
