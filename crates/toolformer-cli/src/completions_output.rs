//! Completions as text or JSON, in the order of their prompts.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};
use toolformer::{
    decode::{CallEvent, Finish, Generation, Prompt, TokenLogprob},
    model::Tokenizer,
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
}

/// What we write ourselves: an input that is such an output is not written twice.
const FIELDS: &[&str] =
    &["text", "completion", "index", "calls", "finish_reason", "tokens", "prompt_logprobs", "logprobs"];

/// Writes completions in the order of their prompts, each as soon as those before it are out.
pub(crate) struct CompletionsOutput<'a> {
    inputs: &'a [JsonlPrompt],
    prompts: &'a [Prompt],
    tokenizer: &'a Tokenizer,
    /// What stands behind every completion.
    suffix: &'a str,
    /// Completions of a prompt.
    n: usize,
    json: bool,
    output: Output,
    waiting: Vec<Vec<Generation>>,
    next: usize,
    outcome: Result<()>,
}

impl<'a> CompletionsOutput<'a> {
    pub(crate) fn new(
        inputs: &'a [JsonlPrompt],
        prompts: &'a [Prompt],
        tokenizer: &'a Tokenizer,
        n: usize,
        json: bool,
    ) -> Self {
        let waiting = vec![Vec::new(); prompts.len()];
        let output = Output::new();
        Self { inputs, prompts, tokenizer, suffix: "", n, json, output, waiting, next: 0, outcome: Ok(()) }
    }

    /// With what stands behind every completion.
    pub(crate) fn with_suffix(self, suffix: Option<&'a str>) -> Self {
        Self { suffix: suffix.unwrap_or_default(), ..self }
    }

    /// Takes a completion of the prompt with this number.
    pub(crate) fn take(&mut self, number: usize, generation: &Generation) {
        self.waiting[number].push(generation.clone());
        while self.waiting.get(self.next).is_some_and(|ended| ended.len() == self.n) {
            let mut ended = std::mem::take(&mut self.waiting[self.next]);
            ended.sort_by_key(|generation| generation.index);
            for generation in ended {
                if self.outcome.is_ok() {
                    self.outcome = self.write(self.next, &generation);
                }
            }
            self.next += 1;
        }
        if self.outcome.is_ok() {
            self.outcome = self.output.flush();
        }
    }

    /// Whether all could be written so far.
    pub(crate) fn outcome(&mut self) -> Result<()> {
        std::mem::replace(&mut self.outcome, Ok(()))
    }

    fn write(&mut self, number: usize, generation: &Generation) -> Result<()> {
        let prompt = self.inputs[number].prompt.as_str();
        let text = format!("{prompt}{}{}", generation.completion, self.suffix);
        if !self.json {
            let between = if number > 0 || generation.index > 0 { "\n" } else { "" };
            return self.output.text(&format!("{between}{text}\n"));
        }
        let in_text =
            |call: &CallEvent| CallEvent { span: call.span.map(|at| at + prompt.len()), ..call.clone() };
        let told = |told: &Option<Vec<TokenLogprob>>| {
            told.as_ref().map(|told| told.iter().map(|token| self.told(token)).collect())
        };
        let mut rest = self.inputs[number].rest.clone();
        rest.retain(|field, _| !FIELDS.contains(&field.as_str()));
        let completed = Completed {
            prompt,
            text,
            completion: &generation.completion,
            index: (self.n > 1).then_some(generation.index),
            calls: generation.calls.iter().map(in_text).collect(),
            finish_reason: generation.finish,
            tokens: Tokens {
                prompt: self.prompts[number].ids.len(),
                completion: generation.ids.len(),
                computed: generation.computed,
            },
            prompt_logprobs: told(&generation.prompt_logprobs),
            logprobs: told(&generation.logprobs),
            rest,
        };
        self.output.json(&completed)
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
