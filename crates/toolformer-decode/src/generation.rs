//! What goes into [`generate`](crate::generate) and comes out of it.

use serde::{Deserialize, Serialize};
use toolformer_text::{CallStatus, Registry, Syntax};

use crate::sampling::Sampling;

/// The settings of [`generate`](crate::generate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateSettings {
    /// Most tokens of a completion, those of calls and results included.
    pub max_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Seed of the draws; the draws of a prompt depend on it and on the prompt's key alone.
    pub seed: u64,
    /// Strings that end a completion; they are not part of it.
    pub stop: Vec<String>,
    /// Rows that advance together.
    pub batch: usize,
}

impl Default for GenerateSettings {
    /// Greedy, at most 64 tokens, 16 rows.
    fn default() -> Self {
        Self { max_tokens: 64, sampling: Sampling::default(), seed: 0, stop: Vec::new(), batch: 16 }
    }
}

/// How tools are used while decoding.
pub struct ToolUse<'a> {
    /// The tools.
    pub registry: &'a Registry,
    /// The markers of a call.
    pub syntax: &'a Syntax,
    /// The start of a call is taken where it is among this many most likely tokens (the paper's k, 10).
    pub start_top_k: usize,
    /// Most calls of a completion (the paper: 1).
    pub max_calls: usize,
    /// Seconds since any fixed moment, to time the calls.
    pub clock: &'a dyn Fn() -> f64,
}

/// What may start a call.
pub enum Tools<'a> {
    /// Text as it comes: the model may write what looks like a call, and nothing runs.
    None,
    /// The start of a call has probability 0 (the paper's "disabled", footnote 5).
    Disabled(&'a Syntax),
    /// Calls are started, run and filled in.
    Enabled(ToolUse<'a>),
}

/// A prompt to complete.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Names the prompt's random draws.
    pub key: String,
    /// Its tokens.
    pub ids: Vec<u32>,
}

/// A call made while decoding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallEvent {
    /// Byte span in the completion, from `[` to after `]`.
    pub span: [usize; 2],
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub args: String,
    /// What it answered.
    pub result: Option<String>,
    /// How it went.
    pub status: CallStatus,
    /// How long it took.
    pub seconds: f64,
}

/// Why a completion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// A stop string.
    Stop,
    /// The maximum of tokens.
    Length,
    /// The model ended the text.
    Eos,
}

/// A completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The text behind the prompt, with its calls and their results.
    pub completion: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// The calls that were run.
    pub calls: Vec<CallEvent>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of this row that went through the model.
    pub computed: usize,
}
