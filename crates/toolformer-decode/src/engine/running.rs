//! The rows that run: one token after another, the calls in them, and their ends.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, TokenBatch};

use super::{
    Engine,
    admission::ROOM,
    choose::Asked,
    follow_call::{Answer, ask},
    request::{Event, RequestId},
    row::Row,
};
use crate::{error::DecodeError, generation::Tools, last_logits::last_logits};

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// Takes every running row one token on.
    pub(super) fn decode(&mut self) -> Result<(), DecodeError> {
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
    pub(super) fn follow_calls(
        &mut self,
        asked: Vec<(usize, Asked)>,
        failed: &mut Vec<(RequestId, DecodeError)>,
    ) {
        let answers = answers(&self.running, &asked);
        for ((number, asked), answer) in asked.into_iter().zip(answers) {
            let row = &mut self.running[number];
            let job = row.job.clone();
            let (Tools::Enabled(tools), Some(answer)) = (&job.tools, answer) else { continue };
            match row.answer(tools, asked, answer, self.tokenizer, self.model.vocab_size()) {
                Ok(back) => {
                    self.cache.take_back(number, back);
                    debug_assert_eq!(row.fed(), self.cache.positions()[number], "the cache is the row's");
                }
                Err(error) => failed.push((job.id, error)),
            }
        }
    }

    /// Tells what is new of the running rows, and lets those leave that have ended.
    pub(super) fn settle(&mut self, failed: Vec<(RequestId, DecodeError)>) {
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
        // What a few long rows needed is given back when they have left.
        let needed = self.cache.bytes_of(self.cache.batch(), self.cache.columns() + ROOM);
        if self.cache.bytes() > 4 * needed.max(1) {
            self.cache.shrink();
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
