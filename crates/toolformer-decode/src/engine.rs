//! Continuous batches: requests join and leave at any step, and what texts begin with alike is computed once.
//!
//! A step reads waiting prompts into free rows and takes every row one token on. At a place where `" ["` is among the
//! `start_top_k` most likely next tokens it is taken; when the model has written `Name(args) ->`, the tool runs, its
//! result and `]` go in, and decoding goes on (Toolformer, section 2, "Inference"). The cache is kept across the
//! call: only new tokens are computed.

mod admission;
mod choices;
mod choose;
mod complete;
mod constraints;
mod follow_call;
mod job;
mod memory;
mod parked;
mod reading;
mod request;
mod row;
mod running;
mod settings;
mod stop_strings;
mod streamed;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, KvCache, Prefix, Tokenizer};

use crate::{error::DecodeError, prefix_tree::PrefixTree, prompt_checks::check_prompt};
use choices::Choices;
use constraints::Constraints;
use job::Job;
use parked::{IDLE, ParkedRows};
use reading::Reading;
use row::Row;

pub use request::{Event, Request, RequestId, Usage};
pub use settings::EngineSettings;

/// Completes requests on one model, many at a time.
///
/// What a request gives does not depend on which others run beside it (up to rounding, which differs between shapes of
/// matrices), nor on when it joins.
///
/// # Example
/// [`Engine::submit`] requests at any time and call [`Engine::step`] while [`Engine::is_idle`] is false; or let
/// [`Engine::complete`] do that.
pub struct Engine<'a, B: Backend, M> {
    model: &'a M,
    tokenizer: &'a Tokenizer,
    settings: EngineSettings,
    tree: PrefixTree<B>,
    waiting: VecDeque<Row<'a>>,
    reading: Option<Reading<'a, B>>,
    running: Vec<Row<'a>>,
    cache: KvCache<B>,
    parked: ParkedRows<'a, B>,
    /// What rows look at that is not in the tree.
    apart: Vec<Weak<Prefix<B>>>,
    choices: BTreeMap<RequestId, Choices>,
    constraints: Constraints,
    events: Vec<Event>,
    next_id: usize,
    usage: Usage,
}

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// An engine without requests.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(
        model: &'a M,
        tokenizer: &'a Tokenizer,
        settings: EngineSettings,
    ) -> Result<Self, DecodeError> {
        Self::with_tree(model, tokenizer, settings, PrefixTree::default())
    }

    /// An engine that knows what another one on the same model has computed.
    ///
    /// # Errors
    /// As [`Engine::new`], or if the tree is of a model of other sizes.
    pub fn with_tree(
        model: &'a M,
        tokenizer: &'a Tokenizer,
        settings: EngineSettings,
        mut tree: PrefixTree<B>,
    ) -> Result<Self, DecodeError> {
        settings.validate()?;
        tree.is_for(model.cache_shape())?;
        Ok(Self {
            model,
            tokenizer,
            settings,
            tree,
            waiting: VecDeque::new(),
            reading: None,
            running: Vec::new(),
            cache: KvCache::new(model.cache_shape(), 0, 0, &model.device()),
            parked: ParkedRows::default(),
            apart: Vec::new(),
            choices: BTreeMap::new(),
            constraints: Constraints::default(),
            events: Vec::new(),
            next_id: 0,
            usage: Usage::default(),
        })
    }

    /// What it has computed, for another engine on the same model.
    pub fn into_tree(self) -> PrefixTree<B> {
        self.tree
    }

    /// Takes a request in; it joins the batch when there is room.
    ///
    /// # Errors
    /// If a setting is out of range, the prompt is empty or does not fit into the context, it has an id that the
    /// model has not, or calls cannot be constrained. The prompt's number in the error is that of the request.
    pub fn submit(&mut self, request: Request<'a>) -> Result<RequestId, DecodeError> {
        let id = RequestId(self.next_id);
        let max_tokens = request.settings.max_tokens;
        check_prompt(self.model, Some(self.tokenizer), id.0, &request.prompt.ids, max_tokens)?;
        let vocab_size = self.model.vocab_size();
        let job = Job::new(id, request, &mut self.constraints, self.tokenizer, vocab_size)?;
        let job = Arc::new(job);
        self.next_id += 1;
        self.choices.insert(id, Choices::default());
        self.waiting.extend((0..job.settings.samples()).map(|index| Row::new(&job, index)));
        Ok(id)
    }

    /// Gives a request up; nothing more is told of it.
    pub fn cancel(&mut self, request: RequestId) {
        self.events.retain(|event| event.request() != request);
        if self.choices.contains_key(&request) {
            self.give_up(|id| id == request);
        }
    }

    /// Gives requests up; what was to be told of them already is told.
    fn give_up(&mut self, is_it: impl Fn(RequestId) -> bool) {
        self.choices.retain(|&id, _| !is_it(id));
        self.waiting.retain(|row| !is_it(row.job.id));
        self.parked.forget(&is_it);
        if let Some(reading) = &mut self.reading {
            reading.forget(&is_it);
        }
        for row in (0..self.running.len()).rev() {
            if is_it(self.running[row].job.id) {
                self.running.swap_remove(row);
                self.cache.swap_remove(row);
            }
        }
    }

    /// Whether all requests have ended and all was told.
    pub fn is_idle(&self) -> bool {
        let rows = self.waiting.len() + self.running.len() + self.parked.len();
        rows == 0 && self.reading.is_none() && self.events.is_empty()
    }

    /// What it has done so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Completions that run at this moment.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Bytes of keys and values that it holds.
    pub fn bytes(&self) -> usize {
        self.cache.bytes() + self.tree.bytes() + self.apart()
    }

    /// Those that are neither of the running rows' own nor in the tree.
    fn apart(&self) -> usize {
        let looked_at = self.apart.iter().filter_map(Weak::upgrade);
        looked_at.map(|prefix| prefix.bytes()).sum::<usize>()
            + self.reading.as_ref().map_or(0, Reading::bytes)
    }

    /// Reads prompts that wait, if there is room, and takes every running completion one token on. Returns what
    /// happened. Where all completions wait for tools, it waits for one for 10 ms.
    ///
    /// # Errors
    /// If the tokenizer cannot encode what is put into a text. What concerns one request alone is an
    /// [`Event::Failed`].
    pub fn step(&mut self) -> Result<Vec<Event>, DecodeError> {
        let passes = self.usage.passes;
        self.take_answers(Duration::ZERO);
        while self.read()? {
            // Where prompts end as they are read, all that wait would be read before anything is told.
            let has_ended = |event: &Event| matches!(event, Event::Done { .. } | Event::Failed { .. });
            if self.events.iter().any(has_ended) || (self.settings.interleave && !self.running.is_empty()) {
                break;
            }
        }
        self.decode()?;
        if self.usage.passes == passes && self.events.is_empty() {
            self.take_answers(IDLE);
        }
        Ok(std::mem::take(&mut self.events))
    }

    /// Reads one more piece of prompts; whether there was one.
    fn read(&mut self) -> Result<bool, DecodeError> {
        if self.reading.is_none() {
            self.reading = self.next_reading();
        }
        let Some(mut reading) = self.reading.take() else { return Ok(false) };
        self.usage.passes += 1;
        self.usage.computed += reading.feed(self.model, self.settings.chunk);
        if reading.is_done() {
            self.admit(reading)?;
        } else {
            self.reading = Some(reading);
        }
        Ok(true)
    }
}
