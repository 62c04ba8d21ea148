//! Continuous batches: requests join and leave at any step, and what texts begin with alike is computed once.
//!
//! A step reads waiting prompts into free rows and takes every row one token on. At a place where `" ["` is among the
//! `start_top_k` most likely next tokens it is taken; when the model has written `Name(args) ->`, the tool runs, its
//! result and `]` go in, and decoding goes on (Toolformer, section 2, "Inference"). The cache is kept across the
//! call: only new tokens are computed.

mod admission;
mod choices;
mod choose;
mod follow_call;
mod job;
mod reading;
mod request;
mod row;
mod settings;
mod stop_strings;
mod streamed;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, KvCache, TokenBatch, Tokenizer};

use crate::{
    error::DecodeError,
    generation::{GenerateSettings, Generation, Prompt, Tools},
    last_logits::last_logits,
    prefix_tree::PrefixTree,
    prompt_checks::check_prompt,
};
use choices::Choices;
use choose::Asked;
use follow_call::{Answer, ask};
use job::Job;
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
    choices: BTreeMap<RequestId, Choices>,
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
    /// As [`Engine::new`].
    pub fn with_tree(
        model: &'a M,
        tokenizer: &'a Tokenizer,
        settings: EngineSettings,
        tree: PrefixTree<B>,
    ) -> Result<Self, DecodeError> {
        settings.validate()?;
        Ok(Self {
            model,
            tokenizer,
            settings,
            tree,
            waiting: VecDeque::new(),
            reading: None,
            running: Vec::new(),
            cache: KvCache::new(model.cache_shape(), 0, 0, &model.device()),
            choices: BTreeMap::new(),
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
    /// If a setting is out of range, the prompt is empty or does not fit into the context, or it has an id that the
    /// model has not. The prompt's number in the error is that of the request.
    pub fn submit(&mut self, request: Request<'a>) -> Result<RequestId, DecodeError> {
        let id = RequestId(self.next_id);
        let max_tokens = request.settings.max_tokens;
        check_prompt(self.model, Some(self.tokenizer), id.0, &request.prompt.ids, max_tokens)?;
        let job = Arc::new(Job::new(id, request, self.tokenizer, self.model.vocab_size())?);
        self.next_id += 1;
        self.choices.insert(id, Choices::default());
        self.waiting.extend((0..job.settings.samples()).map(|index| Row::new(&job, index)));
        Ok(id)
    }

    /// Gives a request up; nothing more is told of it.
    pub fn cancel(&mut self, request: RequestId) {
        self.choices.remove(&request);
        self.waiting.retain(|row| row.job.id != request);
        if let Some(reading) = &mut self.reading {
            reading.forget(request);
        }
        for row in (0..self.running.len())
            .rev()
            .filter(|&row| self.running[row].job.id == request)
            .collect::<Vec<_>>()
        {
            self.running.swap_remove(row);
            self.cache.swap_remove(row);
        }
    }

    /// Whether all requests have ended.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty() && self.reading.is_none()
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
        self.cache.bytes() + self.tree.bytes() + self.reading.as_ref().map_or(0, Reading::bytes)
    }

    /// Reads prompts that wait, if there is room, and takes every running completion one token on. Returns what
    /// happened.
    ///
    /// # Errors
    /// If the tokenizer cannot encode what is put into a text. What concerns one request alone is an
    /// [`Event::Failed`].
    pub fn step(&mut self) -> Result<Vec<Event>, DecodeError> {
        while self.read()? {
            if self.settings.interleave && !self.running.is_empty() {
                break;
            }
        }
        self.decode()?;
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

    /// Takes every running row one token on.
    fn decode(&mut self) -> Result<(), DecodeError> {
        self.keep_within_memory();
        if self.running.is_empty() {
            return Ok(());
        }
        // All rows feed as many tokens as the one with the fewest has waiting, so that an inserted result neither
        // pads the others nor takes a step a token where a row is alone.
        let width = self.running.iter().map(|row| row.pending.len()).min().unwrap_or(0);
        let fed: Vec<Vec<u32>> =
            self.running.iter_mut().map(|row| row.pending.drain(..width).collect()).collect();
        let fed = TokenBatch::new(&fed);
        let hidden = self.model.forward(&fed, &mut self.cache);
        self.usage.passes += 1;
        self.usage.computed += fed.tokens();
        let logits = last_logits(self.model, &fed, hidden);
        let mut asked = Vec::new();
        let mut failed = Vec::new();
        for (number, (row, mut logits)) in self.running.iter_mut().zip(logits).enumerate() {
            row.computed += width;
            if row.pending.is_empty() {
                match row.advance(self.tokenizer, &mut logits) {
                    Ok(call) => asked.extend(call.map(|call| (number, call))),
                    Err(error) => failed.push((row.job.id, error)),
                }
            }
        }
        self.follow_calls(asked, &mut failed);
        self.settle(failed);
        Ok(())
    }

    /// Runs the calls of running rows, those of one step together, and puts their results in.
    fn follow_calls(&mut self, asked: Vec<(usize, Asked)>, failed: &mut Vec<(RequestId, DecodeError)>) {
        let answers = answers(&self.running, &asked);
        for ((number, asked), answer) in asked.into_iter().zip(answers) {
            let row = &mut self.running[number];
            let job = row.job.clone();
            let (Tools::Enabled(tools), Some(answer)) = (&job.tools, answer) else { continue };
            match row.answer(tools, asked, answer, self.tokenizer, self.model.vocab_size()) {
                Ok(0) => {}
                Ok(back) => self.cache.take_back(number, back),
                Err(error) => failed.push((job.id, error)),
            }
        }
    }

    /// Tells what is new of the running rows, and lets those leave that have ended.
    fn settle(&mut self, failed: Vec<(RequestId, DecodeError)>) {
        for row in &mut self.running {
            row.tell(&mut self.events);
        }
        for (request, error) in failed {
            if self.choices.contains_key(&request) {
                self.cancel(request);
                self.events.push(Event::Failed { request, error });
            }
        }
        let ended: Vec<usize> =
            (0..self.running.len()).rev().filter(|&row| self.running[row].finish.is_some()).collect();
        // In their order: who ended first in a batch is told first.
        for &number in ended.iter().rev() {
            self.remember(number);
        }
        let mut left: Vec<Row<'a>> = Vec::with_capacity(ended.len());
        for number in ended {
            left.push(self.running.swap_remove(number));
            self.cache.swap_remove(number);
        }
        for row in left.into_iter().rev() {
            self.end(row);
        }
        let room = self.settings.memory.saturating_sub(self.cache.bytes());
        self.tree.shrink_to(room);
    }

    /// Keeps what was computed of an ended row for texts that go on from it.
    fn remember(&mut self, number: usize) {
        let row = &self.running[number];
        // What a stop string cut off was fed, and is no part of the text.
        let (fed, mut context) = (row.fed(), row.context());
        context.truncate(fed);
        let below = self.cache.positions()[number] - self.cache.own_tokens(number);
        let known = self.tree.longest(&context);
        if self.settings.remember && (below..context.len()).contains(&known.tokens) {
            let kv = self.cache.copy_of(number, known.tokens - below..context.len() - below);
            self.tree.insert(&known, &context[known.tokens..], Arc::new(kv));
        }
    }

    fn end(&mut self, row: Row<'a>) {
        let job = row.job.clone();
        let Some(choices) = self.choices.get_mut(&job.id) else { return };
        let generation = row.into_generation();
        let kept = choices.take(generation, &job.settings).to_vec();
        self.events.extend(kept.into_iter().map(|generation| Event::Done { request: job.id, generation }));
        if choices.ended() == job.settings.samples() {
            self.choices.remove(&job.id);
        }
    }

    /// Takes running rows out again, the youngest first, where one more token each would take more memory than there may
    /// be; they are read again when others have left.
    fn keep_within_memory(&mut self) {
        while self.running.len() > 1 {
            let needed = self.cache.bytes_with(1);
            self.tree.shrink_to(self.settings.memory.saturating_sub(needed));
            if needed + self.tree.bytes() <= self.settings.memory {
                return;
            }
            let youngest = (0..self.running.len())
                .max_by_key(|&row| (self.running[row].job.id, self.running[row].index));
            let Some(number) = youngest else { return };
            let mut row = self.running.swap_remove(number);
            self.cache.swap_remove(number);
            self.cache.shrink();
            row.pending.clear();
            self.waiting.push_front(row);
            self.usage.preempted += 1;
        }
    }

    /// Completes `prompts`; `told` sees every event with its prompt's number, in the order in which they happen.
    /// Returns the completions in the order of the prompts.
    ///
    /// # Errors
    /// If a setting is out of range, a prompt is empty, does not fit into the context or has an id that the model has
    /// not, before anything is computed; or the first error of a request.
    pub fn complete(
        &mut self,
        prompts: &[Prompt],
        settings: &GenerateSettings,
        tools: &Tools<'a>,
        mut told: impl FnMut(usize, &Event),
    ) -> Result<Vec<Generation>, DecodeError> {
        let first = self.next_id;
        for (number, prompt) in prompts.iter().enumerate() {
            let request =
                Request { prompt: prompt.clone(), settings: settings.clone(), tools: tools.clone() };
            if let Err(error) = self.submit(request) {
                (first..self.next_id).for_each(|id| self.cancel(RequestId(id)));
                return Err(error.of_prompt(number));
            }
        }
        let mut all: Vec<Vec<Generation>> = vec![Vec::new(); prompts.len()];
        while !self.is_idle() {
            for event in self.step()? {
                let number = event.request().0.wrapping_sub(first);
                if number >= prompts.len() {
                    continue;
                }
                told(number, &event);
                match event {
                    Event::Done { generation, .. } => all[number].push(generation),
                    Event::Failed { error, .. } => {
                        (first..self.next_id).for_each(|id| self.cancel(RequestId(id)));
                        return Err(error);
                    }
                    _ => {}
                }
            }
        }
        for generations in &mut all {
            generations.sort_by_key(|generation| generation.index);
        }
        Ok(all.into_iter().flatten().collect())
    }
}

/// What the tools say to the calls of rows: those that only compute one after another, the others beside each other.
fn answers(rows: &[Row<'_>], asked: &[(usize, Asked)]) -> Vec<Option<Answer>> {
    let of = |(number, call): &(usize, Asked)| match &rows[*number].job.tools {
        Tools::Enabled(tools) => Some(ask(tools, call)),
        _ => None,
    };
    let waits = |(number, call): &&(usize, Asked)| match &rows[*number].job.tools {
        Tools::Enabled(tools) => tools.registry.get(&call.name).is_some_and(|tool| !tool.is_pure()),
        _ => false,
    };
    if asked.iter().filter(waits).count() < 2 {
        return asked.iter().map(of).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = asked.iter().map(|call| scope.spawn(move || of(call))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    })
}
