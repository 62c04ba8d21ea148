//! The rows that run: one token after another, the calls in them, and their ends.

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, TokenBatch};

use super::{
    Engine,
    memory::ROOM,
    request::{Event, RequestId},
    row::Row,
};
use crate::{error::DecodeError, last_logits::last_logits};

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

    /// Tells what is new of the running rows, and lets those leave that have ended.
    pub(super) fn settle(&mut self, failed: Vec<(RequestId, DecodeError)>) {
        for row in &mut self.running {
            row.tell(&mut self.events);
        }
        failed.into_iter().for_each(|(request, error)| self.fail(request, error));
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
        self.trim_tree(self.cache.bytes());
    }

    /// Gives a request up that cannot be completed.
    pub(super) fn fail(&mut self, request: RequestId, error: DecodeError) {
        let is_open = self.choices.contains_key(&request);
        self.give_up(|id| id == request);
        self.events.extend(is_open.then_some(Event::Failed { request, error }));
    }

    /// Keeps what was computed of an ended row for texts that go on from it.
    fn remember(&mut self, number: usize) {
        if self.settings.remember {
            self.tree.keep(&self.cache, number, &self.running[number].fed_text());
        }
    }

    pub(super) fn end(&mut self, row: Row<'a>) {
        let job = row.job.clone();
        let Some(choices) = self.choices.get_mut(&job.id) else { return };
        let generation = row.into_generation();
        let kept = choices.take(generation, &job.settings).to_vec();
        self.events.extend(kept.into_iter().map(|generation| Event::Done { request: job.id, generation }));
        if choices.ended() == job.settings.samples() {
            self.choices.remove(&job.id);
        }
    }
}
