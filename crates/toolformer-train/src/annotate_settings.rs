//! Every knob of sampling calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// Which tokens a model may choose for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSampling {
    /// Any, as in the paper; what is no call in the end is dropped.
    #[default]
    Free,
    /// Those that can continue a well-formed call to the tool, with arguments that it takes
    /// ([`Tool::argument_grammar`](toolformer_text::Tool::argument_grammar)).
    Constrained,
}

impl fmt::Display for CallSampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Constrained => "constrained",
        })
    }
}

/// Where sampled calls come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSource {
    /// Samples at the positions where a call is likely to start, as in the paper.
    #[default]
    Positions,
    /// Rewrites: the model writes the whole text again, with calls in it, as in toolformer-pytorch. `m` are drawn of each
    /// text, and those that change it are dropped; `tau_s` is not asked, and `k` only makes room.
    Rewrites,
    /// Rewrites, of each the first call alone (`replace_all_but_first` in toolformer-pytorch).
    FirstCalls,
}

impl CallSource {
    pub(crate) fn is_positions(&self) -> bool {
        *self == Self::Positions
    }
}

impl fmt::Display for CallSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Positions => "positions",
            Self::Rewrites => "rewrites",
            Self::FirstCalls => "first calls of rewrites",
        })
    }
}

/// How calls are sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnnotateSettings {
    /// Positions need `p_i > tau_s` (paper: 0 for the calculator, 0.05 for others).
    pub tau_s: f64,
    /// Most positions of a text (paper: 20 for the calculator, 5 for others).
    pub k: usize,
    /// Samples at each position (paper: 10 for the calculator, 5 for others).
    pub m: usize,
    /// Temperature of the samples; the paper does not say, 1 is the model's own distribution.
    pub temperature: f64,
    /// Most tokens of a call.
    pub max_call_tokens: usize,
    /// Whether calls that use a number which the text gives only behind them are dropped.
    ///
    /// The prompt shows the model the whole text, so that it may compute 5 from a 15 and a 3 of which the 15 comes
    /// later; at inference there is no 15. The paper drops such calls of the translation tool alone (appendix A.1).
    pub no_look_ahead: bool,
    /// Whether samples are held to well-formed calls.
    #[serde(default)]
    pub sampling: CallSampling,
    /// Where calls come from.
    #[serde(skip_serializing_if = "CallSource::is_positions", default)]
    pub source: CallSource,
    /// Seed of all draws.
    pub seed: u64,
}

impl Default for AnnotateSettings {
    /// The paper's calculator: `tau_s` 0, k 20, m 10.
    fn default() -> Self {
        Self {
            tau_s: 0.0,
            k: 20,
            m: 10,
            temperature: 1.0,
            max_call_tokens: 32,
            no_look_ahead: false,
            sampling: CallSampling::Free,
            source: CallSource::Positions,
            seed: 0,
        }
    }
}

impl AnnotateSettings {
    /// How calls are sampled, in a word or two: `free`, `constrained`, `rewrites`, `first calls of rewrites`.
    pub fn shown_sampling(&self) -> String {
        if self.source.is_positions() { self.sampling.to_string() } else { self.source.to_string() }
    }

    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let wrong = |name, why: String| Err(TrainError::Setting { name, why });
        match self {
            Self { tau_s, .. } if !(0.0..1.0).contains(tau_s) => {
                wrong("tau_s", format!("is a probability of at least 0 and below 1, not {tau_s}"))
            }
            Self { k: 0, .. } => wrong("k", "must be at least 1 position".into()),
            Self { m: 0, .. } => wrong("m", "must be at least 1 sample".into()),
            Self { max_call_tokens: 0, .. } => wrong("max_call_tokens", "must be at least 1 token".into()),
            Self { temperature, .. } if !(temperature.is_finite() && *temperature >= 0.0) => {
                wrong("temperature", format!("must be 0 or more, not {temperature}"))
            }
            Self {
                source: CallSource::Rewrites | CallSource::FirstCalls,
                sampling: CallSampling::Constrained,
                ..
            } => wrong(
                "sampling",
                "must be free where texts are rewritten: only calls can be constrained".into(),
            ),
            _ => Ok(()),
        }
    }
}
