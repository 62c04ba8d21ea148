//! What became of the calls to one tool.

use serde::{Deserialize, Serialize};

use super::{CandidateStats, example::Example, histogram::Histogram, tau_sweep::SweepPoint};

/// Counts, distributions and examples of the calls to one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolStats {
    /// Positions sampled at.
    pub positions: usize,
    /// The counts.
    #[serde(flatten)]
    pub counts: CandidateStats,
    /// `p_i` of those positions.
    pub p_start: Histogram,
    /// `L- - L+` of the judged calls, in nats.
    pub delta: Histogram,
    /// Their loss without a call, in nats.
    pub loss_none: Histogram,
    /// With the call alone.
    pub loss_call: Histogram,
    /// With the call and its result.
    pub loss_response: Histogram,
    /// What a call had to gain to be kept: `tau_f` and what the tool costs, in nats; where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<f64>,
    /// What other thresholds would keep, the tool's cost being part of them.
    pub tau_f_sweep: Vec<SweepPoint>,
    /// The losses of some judged calls, drawn at random: none, call, response, in nats.
    pub losses: Vec<[f64; 3]>,
    /// Calls to look at.
    pub examples: Vec<Example>,
}
