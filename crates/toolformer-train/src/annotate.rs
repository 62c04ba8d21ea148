//! Sampling calls (section 2, "Sampling API Calls").
//!
//! Where they come from is a setting: samples at likely positions, or texts that the model writes again with calls in
//! them. The few-shot part of the prompt is computed once for the corpus.

mod at_positions;
mod rewrites;
mod start_probabilities;

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_decode::{CallConstraint, Rows, StartMarker};
use toolformer_model::{CausalLm, Prefix, TokenBatch, Tokenizer, check_ids};
use toolformer_text::{CallEnds, Registry, Syntax};

use crate::{
    annotate_settings::{AnnotateSettings, CallSampling, CallSource},
    candidate::{Candidate, Status},
    error::TrainError,
    few_shot_prompt::FewShotPrompt,
    look_ahead::{input_lies_ahead, looks_ahead},
    tokenized::Tokenized,
};

/// The paper's tool of translation, by the name that it has in text.
const TRANSLATION: &str = "MT";

/// Candidates of a unit of texts, and the tokens that they cost.
#[derive(Clone, Debug, Default)]
pub struct Annotated {
    /// The candidates, by text, position and sample.
    pub candidates: Vec<Candidate>,
    /// Positions that were sampled at, or that rewrites led to.
    pub positions: usize,
    /// Tokens that went through the model.
    pub computed: usize,
}

/// Samples calls to one tool.
pub struct Annotator<'m, B: Backend, M> {
    model: &'m M,
    tokenizer: &'m Tokenizer,
    syntax: &'m Syntax,
    tool: String,
    marker: StartMarker,
    head: Arc<Prefix<B>>,
    head_len: usize,
    tail: Vec<u32>,
    constraint: Option<CallConstraint>,
    settings: AnnotateSettings,
}

impl<'m, B: Backend, M: CausalLm<B>> Annotator<'m, B, M> {
    /// Computes the few-shot part of the prompt once.
    ///
    /// # Errors
    /// If a setting is out of range, the tool is not in the registry or its argument grammar cannot be used, the tokenizer
    /// fails, or the prompt has an id that the model has not.
    pub fn new(
        model: &'m M,
        tokenizer: &'m Tokenizer,
        syntax: &'m Syntax,
        registry: &'m Registry,
        tool: &str,
        prompt: &FewShotPrompt,
        settings: AnnotateSettings,
    ) -> Result<Self, TrainError> {
        settings.validate()?;
        let Some(called) = registry.get(tool) else {
            return Err(TrainError::Setting { name: "tool", why: format!("no tool is named {tool}") });
        };
        let constraint = match settings.sampling {
            CallSampling::Free => None,
            CallSampling::Constrained => {
                Some(CallConstraint::new(tokenizer, [called], syntax, CallEnds::Either)?)
            }
        };
        let marker = StartMarker::new(tokenizer, syntax.open())?;
        let mut head = tokenizer.encode_with_special(prompt.head())?;
        if head.is_empty() {
            // A prompt that begins with the text still needs a token to predict the first one from.
            head.extend(tokenizer.bos().or(tokenizer.eos()));
        }
        if head.is_empty() {
            return Err(TrainError::Prompt { slots: 1 });
        }
        let tail = tokenizer.encode_continuation(prompt.tail())?;
        if settings.source != CallSource::Positions && tail.is_empty() {
            let why = "must say behind {text} that the text comes again, such as Output:, for texts to be rewritten";
            return Err(TrainError::Setting { name: "prompt", why: why.into() });
        }
        for ids in [marker.ids(), &head, &tail] {
            check_ids(ids, model.vocab_size(), Some(tokenizer))?;
        }
        let mut rows = Rows::new(model, 1, head.len());
        let _ = rows.feed(&TokenBatch::new(&[&head]));
        Ok(Self {
            model,
            tokenizer,
            syntax,
            tool: tool.to_owned(),
            marker,
            head: Arc::new(rows.freeze()),
            head_len: head.len(),
            tail,
            constraint,
            settings,
        })
    }

    /// Samples calls for texts that go through the model together; [`execute`](crate::execute) runs them.
    ///
    /// Texts too long for the model's context get no candidate; see [`Annotator::fits`].
    ///
    /// # Errors
    /// If a text has an id that the model has not.
    pub fn annotate(&self, texts: &[Tokenized<'_>]) -> Result<Annotated, TrainError> {
        let texts: Vec<&Tokenized<'_>> =
            texts.iter().filter(|text| !text.ids.is_empty() && self.fits(text)).collect();
        if texts.is_empty() {
            return Ok(Annotated::default());
        }
        for text in &texts {
            text.check(self.model.vocab_size(), self.tokenizer)?;
        }
        match self.settings.source {
            CallSource::Positions => self.at_positions(&texts),
            CallSource::Rewrites | CallSource::FirstCalls => self.rewrites(&texts),
        }
    }

    /// The tool, by its name in text.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// Whether a text, twice and with the prompt and a call, fits into the model's context.
    pub fn fits(&self, text: &Tokenized<'_>) -> bool {
        self.tokens_of(text) + self.tokens_of_call() <= self.model.max_positions()
    }

    /// Tokens of the prompt and of a text, twice.
    fn tokens_of(&self, text: &Tokenized<'_>) -> usize {
        self.head_len + self.tail.len() + 2 * text.ids.len()
    }

    /// Most tokens of a call.
    fn tokens_of_call(&self) -> usize {
        self.marker.ids().len() + self.settings.max_call_tokens
    }

    /// A row behind the head of the prompt for each of `rows`.
    fn on_head(&self, rows: &[Vec<u32>]) -> Rows<'m, B, M> {
        let visible = vec![self.head_len; rows.len()];
        let capacity = rows.iter().map(Vec::len).max().unwrap_or(0);
        Rows::on_prefix(self.model, &self.head, vec![0; rows.len()], visible, capacity)
    }

    /// What a call to `name` is before it runs.
    fn asked_for(&self, name: &str) -> Status {
        if name == self.tool { Status::Ok } else { Status::WrongTool }
    }

    /// A candidate of which nothing more is known; its place is a byte of the text and the number of a token.
    fn candidate(
        &self,
        text: &Tokenized<'_>,
        (position, token_position): (usize, usize),
        p_start: f64,
        call: String,
        status: Status,
    ) -> Candidate {
        Candidate {
            text_id: text.text.id.clone(),
            tool: self.tool.clone(),
            position,
            token_position,
            p_start,
            call,
            status,
            screen_score: None,
            result: None,
            losses: None,
            delta: None,
            kept: None,
            reason: None,
        }
    }

    /// Whether a call uses what its text says only behind it: for translation as the paper asks, for others where wanted.
    fn looks_ahead(&self, text: &Tokenized<'_>, candidate: &Candidate) -> bool {
        let (text, position) = (&text.text.text, candidate.position);
        let of_translation = self.tool == TRANSLATION
            && candidate.name_and_args().is_some_and(|(_, args)| input_lies_ahead(args, text, position));
        of_translation || (self.settings.no_look_ahead && looks_ahead(&candidate.call, text, position))
    }

    /// Sorts out which of the calls to the tool that were drawn at one place are worth running.
    fn settle(&self, text: &Tokenized<'_>, candidates: &mut [Candidate]) {
        let mut calls: Vec<String> = Vec::new();
        for candidate in candidates.iter_mut().filter(|candidate| candidate.status == Status::Ok) {
            if calls.contains(&candidate.call) {
                candidate.status = Status::Duplicate;
            } else if self.looks_ahead(text, candidate) {
                candidate.status = Status::LooksAhead;
            } else {
                calls.push(candidate.call.clone());
            }
        }
    }
}
