//! What goes into an [`Engine`](crate::Engine) and comes out of it.

use serde::{Deserialize, Serialize};
use toolformer_text::{CallStatus, Policies, Registry, Syntax};

use crate::{
    error::DecodeError,
    penalties::Penalties,
    sampling::{MostLikely, Sampling},
};

/// Most completions that are made of a prompt.
const MOST_SAMPLES: usize = 1024;

/// How a prompt is completed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateSettings {
    /// Most tokens of a completion, those of calls and results included.
    pub max_tokens: usize,
    /// Before so many tokens nothing ends a completion: neither the model nor `stop` and `stop_ids`.
    pub min_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Changes of the scores before a token is chosen. Whether a call starts is decided on the scores before them.
    pub penalties: Penalties,
    /// Seed of the draws; the draws of a completion depend on it, on the prompt's key and on the completion's number
    /// alone.
    pub seed: u64,
    /// Strings that end a completion; they are not part of it.
    pub stop: Vec<String>,
    /// Tokens that end a completion, as those do that the tokenizer declares; they are not part of it.
    pub stop_ids: Vec<u32>,
    /// Completions of each prompt, at most 1024.
    pub n: usize,
    /// Completions that are made of each prompt; the `n` with the highest mean log-probability a token are kept, best
    /// first. 0 stands for `n`.
    pub best_of: usize,
    /// Whether log-probabilities are told, and of how many of the most likely tokens besides. They are the model's own,
    /// before `penalties` and `sampling`.
    pub logprobs: Option<usize>,
    /// Whether those of the prompt's tokens are told as well.
    pub echo: bool,
}

impl Default for GenerateSettings {
    /// Greedy, at most 64 tokens, one completion.
    fn default() -> Self {
        Self {
            max_tokens: 64,
            min_tokens: 0,
            sampling: Sampling::default(),
            penalties: Penalties::default(),
            seed: 0,
            stop: Vec::new(),
            stop_ids: Vec::new(),
            n: 1,
            best_of: 0,
            logprobs: None,
            echo: false,
        }
    }
}

impl GenerateSettings {
    /// # Errors
    /// If a value is out of range, or a token is none of the model's `vocab_size`.
    pub fn validate(&self, vocab_size: usize) -> Result<(), DecodeError> {
        let setting = |name, why: String| Err(DecodeError::Setting { name, why });
        self.sampling.validate()?;
        self.penalties.validate(vocab_size)?;
        if self.n == 0 {
            return setting("n", "must be at least 1".to_owned());
        }
        if self.samples() > MOST_SAMPLES {
            let name = if self.n > MOST_SAMPLES { "n" } else { "best_of" };
            return setting(name, format!("must be at most {MOST_SAMPLES}, is {}", self.samples()));
        }
        if self.best_of != 0 && self.best_of < self.n {
            return setting(
                "best_of",
                format!("must be at least n, which is {}, is {}", self.n, self.best_of),
            );
        }
        if self.sampling.is_greedy() && self.samples() > 1 {
            let why = "of a greedy choice there is one completion; give a temperature above 0".to_owned();
            return setting(if self.n > 1 { "n" } else { "best_of" }, why);
        }
        if self.min_tokens > self.max_tokens {
            let why = format!("is {}, but at most {} tokens are allowed", self.min_tokens, self.max_tokens);
            return setting("min_tokens", why);
        }
        if let Some(id) = self.stop_ids.iter().find(|&&id| id as usize >= vocab_size) {
            return setting("stop_ids", format!("names token {id}; ids are below {vocab_size}"));
        }
        if self.logprobs.is_some_and(|top| top > vocab_size) {
            return setting("logprobs", format!("must be at most {vocab_size}, the size of the vocabulary"));
        }
        if self.echo && self.logprobs.is_none() {
            return setting("echo", "tells log-probabilities; give logprobs as well".to_owned());
        }
        Ok(())
    }

    /// Completions that are made of each prompt.
    pub(crate) fn samples(&self) -> usize {
        self.best_of.max(self.n)
    }
}

/// When calls start, how many there may be, and what becomes of those without a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSettings {
    /// The start of a call is taken where it is among this many most likely tokens (the paper's k).
    pub start_top_k: usize,
    /// Added to the score of the start of a call: above 0 for more calls.
    pub start_bias: f32,
    /// Most calls of a completion.
    pub max_calls: usize,
    /// Names of tools that must not be called; their names cannot be written in a call.
    pub forbidden: Vec<String>,
    /// Whether only tokens may be chosen, once a call has begun, that can continue a well-formed call to a tool that may be
    /// called, with arguments that it takes ([`CallConstraint`](crate::CallConstraint)). The paper decodes freely.
    pub constrained: bool,
    /// What becomes of a call without a result, by the reason: it is closed without one (leave), has the reason as its
    /// result (mark), is taken out of the text and of the cache (drop), or ends the request (fail). How long a tool may
    /// take is the registry's.
    pub policies: Policies,
}

impl Default for CallSettings {
    /// The paper's: a start among the 10 most likely tokens is taken, at most one call.
    fn default() -> Self {
        Self {
            start_top_k: 10,
            start_bias: 0.0,
            max_calls: 1,
            forbidden: Vec::new(),
            constrained: false,
            policies: Policies::default(),
        }
    }
}

impl CallSettings {
    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), DecodeError> {
        if !self.start_bias.is_finite() {
            let why = format!("must be a finite number, is {}", self.start_bias);
            return Err(DecodeError::Setting { name: "start_bias", why });
        }
        Ok(())
    }
}

/// How tools are used while decoding.
#[derive(Clone)]
pub struct ToolUse<'a> {
    /// The tools.
    pub registry: &'a Registry,
    /// The markers of a call.
    pub syntax: &'a Syntax,
    /// When they are called.
    pub calls: CallSettings,
    /// Seconds since any fixed moment, to time the calls.
    pub clock: &'a (dyn Fn() -> f64 + Sync),
}

impl<'a> ToolUse<'a> {
    /// With the paper's settings.
    pub fn new(registry: &'a Registry, syntax: &'a Syntax, clock: &'a (dyn Fn() -> f64 + Sync)) -> Self {
        Self { registry, syntax, calls: CallSettings::default(), clock }
    }

    /// With others.
    #[must_use]
    pub fn with(self, calls: CallSettings) -> Self {
        Self { calls, ..self }
    }
}

/// What may start a call.
#[derive(Clone)]
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
    /// Byte span in the completion, from `[` to after `]`; empty if it was dropped.
    pub span: [usize; 2],
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub args: String,
    /// What stands in the text as its result: nothing if it gave none, or if there was no room for it.
    pub result: Option<String>,
    /// How it went.
    pub status: CallStatus,
    /// How long it took, in seconds; where others went on meanwhile, until its answer was noticed.
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

/// How likely a token was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenLogprob {
    /// The token.
    pub id: u32,
    /// `log p` in nats; none for what the model did not choose: a result, and a prompt's first token.
    pub logprob: Option<f32>,
    /// The most likely tokens in its place with their own, best first; as many as were asked for.
    pub top: Vec<(u32, f32)>,
}

impl TokenLogprob {
    /// A token that the model did not choose.
    pub(crate) fn given(id: u32) -> Self {
        Self { id, logprob: None, top: Vec::new() }
    }

    /// A token, and the log-probabilities of all that could stand in its place.
    pub(crate) fn chosen(id: u32, log_probs: &[f32], top: usize) -> Self {
        let best = match top.min(log_probs.len()) {
            0 => Vec::new(),
            top => MostLikely::new(log_probs).first(top).to_vec(),
        };
        Self {
            id,
            logprob: log_probs.get(id as usize).copied(),
            top: best.into_iter().map(|id| (id as u32, log_probs[id])).collect(),
        }
    }

    /// The same with fewer others.
    pub(crate) fn cut_to(all: &[Self], top: usize) -> Vec<Self> {
        let cut = |one: &Self| Self { top: one.top.iter().take(top).copied().collect(), ..*one };
        all.iter().map(cut).collect()
    }
}

/// A completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The text behind the prompt, with its calls and their results.
    pub completion: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// Which of the prompt's completions it is, from 0.
    pub index: usize,
    /// Of every token of `ids`, where they were asked for.
    pub logprobs: Option<Vec<TokenLogprob>>,
    /// Of every token of the prompt, where they were asked for.
    pub prompt_logprobs: Option<Vec<TokenLogprob>>,
    /// The mean log-probability of the tokens that the model chose, in nats, where it was needed: for `logprobs` and
    /// `best_of`.
    pub mean_logprob: Option<f64>,
    /// The calls that were run.
    pub calls: Vec<CallEvent>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of this row that went through the model.
    pub computed: usize,
    /// Tokens of its prompt that were known from others.
    pub reused: usize,
}
