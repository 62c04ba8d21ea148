//! Completions as text or JSON, in the order of their prompts.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};
use toolformer::{
    decode::{CallEvent, Finish, Generation, Prompt, TokenLogprob},
    model::Tokenizer,
    train::UnitLog,
};

use crate::{jsonl_prompts::JsonlPrompt, output::Output};

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
    computed: usize,
    reused: usize,
}

/// What we write ourselves: an input that is such an output is not written twice.
const FIELDS: &[&str] = &[
    "text",
    "completion",
    "index",
    "score",
    "calls",
    "finish_reason",
    "tokens",
    "prompt_logprobs",
    "logprobs",
    "event",
    "request",
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
            finish_reason: generation.finish,
            tokens: Tokens {
                prompt: self.prompts[number].ids.len(),
                completion: generation.ids.len(),
                computed: generation.computed,
                reused: generation.reused,
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
    next: usize,
}

impl<'a> CompletionsOutput<'a> {
    /// The first `done` prompts are written already.
    pub(crate) fn new(describe: Describe<'a>, sink: Sink, done: usize) -> Self {
        let waiting = vec![Vec::new(); describe.prompts.len()];
        Self { describe, sink, waiting, next: done }
    }

    /// Takes a completion of the prompt with this number.
    pub(crate) fn take(&mut self, number: usize, generation: Generation) -> Result<()> {
        self.waiting[number].push(generation);
        while self.waiting.get(self.next).is_some_and(|ended| ended.len() == self.describe.n) {
            let mut ended = std::mem::take(&mut self.waiting[self.next]);
            ended.sort_by_key(|generation| generation.index);
            self.write(self.next, &ended)?;
            self.next += 1;
        }
        match &mut self.sink {
            Sink::Text(output) | Sink::Json(output) => output.flush(),
            Sink::File(_) => Ok(()),
        }
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
