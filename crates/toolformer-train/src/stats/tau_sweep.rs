//! What other thresholds would keep, as in the paper's Table 2.

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
    /// Texts by the most thresholds that a call of theirs reaches, without the text that is being counted.
    texts: [usize; TAUS.len() + 1],
    /// The text that is being counted, whose calls are neighbours, and the most that one of them reaches.
    text: Option<(TextId, usize)>,
}

impl TauSweep {
    pub(super) fn add(&mut self, text: &TextId, delta: f64) {
        let reached = TAUS.partition_point(|&tau| tau <= delta);
        self.calls[reached] += 1;
        match &mut self.text {
            Some((current, most)) if current == text => *most = reached.max(*most),
            _ => {
                self.end_text();
                self.text = Some((text.clone(), reached));
            }
        }
    }

    fn end_text(&mut self) {
        if let Some((_, most)) = self.text.take() {
            self.texts[most] += 1;
        }
    }

    pub(super) fn points(mut self) -> Vec<SweepPoint> {
        self.end_text();
        let point = |(number, &tau_f): (usize, &f64)| SweepPoint {
            tau_f,
            calls: self.calls[number + 1..].iter().sum(),
            texts: self.texts[number + 1..].iter().sum(),
        };
        TAUS.iter().enumerate().map(point).collect()
    }
}
