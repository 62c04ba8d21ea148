//! Completions as text or JSON, in the order of their prompts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};
use toolformer::{
    decode::{CallEvent, Finish, Generation, Prompt, TokenLogprob},
    model::Tokenizer,
    train::UnitLog,
};

use crate::{
    jsonl_prompts::JsonlPrompt,
    output::{Output, say},
};

/// What is written for a completion.
#[derive(Serialize)]
struct Completed<'a> {
    prompt: &'a str,
    text: String,
    completion: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    calls: Vec<CallEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constrained: Option<bool>,
    finish_reason: Finish,
    tokens: Tokens,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_logprobs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Tokens {
    prompt: usize,
    completion: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    computed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<usize>,
}

/// What we write ourselves: an input that is such an output is not written twice.
const FIELDS: &[&str] = &[
    "text",
    "completion",
    "index",
    "score",
    "calls",
    "constrained",
    "finish_reason",
    "tokens",
    "prompt_logprobs",
    "logprobs",
    "event",
    "request",
    "error",
];

/// Where completions go.
pub(crate) enum Sink {
    /// Standard output, as text.
    Text(Output),
    /// Standard output, an object a line.
    Json(Output),
    /// A file, an object a line; prompt by prompt, so that a run that was cut off goes on.
    File(UnitLog<()>),
}

/// Completions as objects.
pub(crate) struct Describe<'a> {
    pub(crate) inputs: &'a [JsonlPrompt],
    pub(crate) prompts: &'a [Prompt],
    pub(crate) tokenizer: &'a Tokenizer,
    /// What stands behind every completion.
    pub(crate) suffix: &'a str,
    /// Completions of a prompt.
    pub(crate) n: usize,
    /// Whether scores of texts are told.
    pub(crate) scores: bool,
    /// Whether calls were constrained, where there are tools.
    pub(crate) constrained: Option<bool>,
}

impl Describe<'_> {
    /// Prompt and completion.
    fn text(&self, number: usize, generation: &Generation) -> String {
        format!("{}{}{}", self.inputs[number].prompt, generation.completion, self.suffix)
    }

    /// A completion of the prompt with this number.
    pub(crate) fn object(&self, number: usize, generation: &Generation) -> Value {
        let prompt = self.inputs[number].prompt.as_str();
        let in_text =
            |call: &CallEvent| CallEvent { span: call.span.map(|at| at + prompt.len()), ..call.clone() };
        let told = |told: &Option<Vec<TokenLogprob>>| {
            told.as_ref().map(|told| told.iter().map(|token| self.told(token)).collect())
        };
        let mut rest = self.inputs[number].rest.clone();
        rest.retain(|field, _| !FIELDS.contains(&field.as_str()));
        let completed = Completed {
            prompt,
            text: self.text(number, generation),
            completion: &generation.completion,
            index: (self.n > 1).then_some(generation.index),
            score: generation.mean_logprob.filter(|_| self.scores),
            calls: generation.calls.iter().map(in_text).collect(),
            constrained: self.constrained,
            finish_reason: generation.finish,
            tokens: Tokens {
                prompt: self.prompts[number].ids.len(),
                completion: generation.ids.len(),
                // Beam search does not count.
                computed: (!self.scores).then_some(generation.computed),
                reused: (!self.scores).then_some(generation.reused),
            },
            prompt_logprobs: told(&generation.prompt_logprobs),
            logprobs: told(&generation.logprobs),
            rest,
        };
        json!(completed)
    }

    fn told(&self, token: &TokenLogprob) -> Value {
        let text = self.tokenizer.token_bytes(token.id);
        json!({
            "id": token.id,
            "token": String::from_utf8_lossy(&text),
            "logprob": token.logprob,
            "top": token.top,
        })
    }
}

/// Writes completions in the order of their prompts, each as soon as those before it are out.
pub(crate) struct CompletionsOutput<'a> {
    describe: Describe<'a>,
    sink: Sink,
    waiting: Vec<Vec<Generation>>,
    /// Prompts whose completions are all there.
    whole: BTreeSet<usize>,
    /// Prompts that could not be completed, and why.
    failed: BTreeMap<usize, String>,
    next: usize,
}

impl<'a> CompletionsOutput<'a> {
    /// The first `done` prompts are written already.
    pub(crate) fn new(describe: Describe<'a>, sink: Sink, done: usize) -> Self {
        let waiting = vec![Vec::new(); describe.prompts.len()];
        Self { describe, sink, waiting, whole: BTreeSet::new(), failed: BTreeMap::new(), next: done }
    }

    /// Takes a completion of the prompt with this number.
    pub(crate) fn take(&mut self, number: usize, generation: Generation) -> Result<()> {
        self.waiting[number].push(generation);
        self.write_what_is_due()
    }

    /// Takes all completions of the prompt with this number, of which there may be fewer than asked for.
    pub(crate) fn take_all(&mut self, number: usize, generations: Vec<Generation>) -> Result<()> {
        self.waiting[number] = generations;
        self.whole.insert(number);
        self.write_what_is_due()
    }

    /// The prompt with this number cannot be completed.
    pub(crate) fn fail(&mut self, number: usize, error: &Error) -> Result<()> {
        self.failed.insert(number, format!("{error:#}"));
        self.write_what_is_due()
    }

    /// How many prompts could not be completed.
    pub(crate) fn failures(&self) -> usize {
        self.failed.len()
    }

    fn write_what_is_due(&mut self) -> Result<()> {
        while let Some(ended) = self.waiting.get_mut(self.next) {
            let is_whole = ended.len() == self.describe.n || self.whole.contains(&self.next);
            if !is_whole && !self.failed.contains_key(&self.next) {
                break;
            }
            let mut ended = std::mem::take(ended);
            ended.sort_by_key(|generation| generation.index);
            match self.failed.get(&self.next).cloned() {
                Some(error) => self.write_error(self.next, &error)?,
                None => self.write(self.next, &ended)?,
            }
            self.next += 1;
        }
        match &mut self.sink {
            Sink::Text(output) | Sink::Json(output) => output.flush(),
            Sink::File(_) => Ok(()),
        }
    }

    fn write_error(&mut self, number: usize, error: &str) -> Result<()> {
        let input = &self.describe.inputs[number];
        let mut object = json!({"prompt": input.prompt, "error": error});
        if let Some(object) = object.as_object_mut() {
            object.extend(
                input.rest.clone().into_iter().filter(|(field, _)| !FIELDS.contains(&field.as_str())),
            );
        }
        match &mut self.sink {
            Sink::Text(_) => say(&format!("error: prompt {number}: {error}")),
            Sink::Json(output) => output.json(&object)?,
            Sink::File(file) => file.append(&[object], ())?,
        }
        Ok(())
    }

    fn write(&mut self, number: usize, ended: &[Generation]) -> Result<()> {
        let Self { describe, sink, .. } = self;
        match sink {
            Sink::Text(output) => {
                for generation in ended {
                    let between = if number > 0 || generation.index > 0 { "\n" } else { "" };
                    output.text(&format!("{between}{}\n", describe.text(number, generation)))?;
                }
            }
            Sink::Json(output) => {
                for generation in ended {
                    output.json(&describe.object(number, generation))?;
                }
            }
            Sink::File(file) => {
                let objects: Vec<_> = ended.iter().map(|one| describe.object(number, one)).collect();
                file.append(&objects, ())?;
            }
        }
        Ok(())
    }
}
