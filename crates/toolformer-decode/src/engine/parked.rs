//! Rows that leave the batch while a tool takes its time, and come back with its answer.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Prefix, Seen};
use toolformer_text::{CallError, CallsUnderWay};

use super::{
    Engine,
    choose::Asked,
    follow_call::{Started, refused},
    request::RequestId,
    row::Row,
};
use crate::{error::DecodeError, generation::Tools};

/// So long a step waits for a tool before its row leaves the batch: most answer at once, and leaving is some work.
const AT_ONCE: Duration = Duration::from_millis(2);

/// So long a step waits for an answer where there is nothing else to do.
pub(super) const IDLE: Duration = Duration::from_millis(10);

/// A row whose call has no answer yet.
struct Parked<'a> {
    row: Row<'a>,
    call: Started,
}

/// Rows whose calls have no answer yet, and what they have computed.
pub(super) struct ParkedRows<'a, B: Backend> {
    rows: BTreeMap<usize, Parked<'a>>,
    calls: CallsUnderWay<'a, usize>,
    /// Names the next call.
    next: usize,
    /// Of rows that are away or wait to be read again: what the prefix tree must keep for them.
    held: BTreeMap<(RequestId, usize), Vec<Seen<B>>>,
}

impl<B: Backend> Default for ParkedRows<'_, B> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), calls: CallsUnderWay::default(), next: 0, held: BTreeMap::new() }
    }
}

impl<B: Backend> ParkedRows<'_, B> {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn forget(&mut self, is_it: impl Fn(RequestId) -> bool) {
        self.rows.retain(|_, parked| !is_it(parked.row.job.id));
        self.calls.retain(|key| self.rows.contains_key(key));
        self.held.retain(|&(holder, _), _| !is_it(holder));
    }

    /// What the prefix tree must keep.
    pub(super) fn held(&self) -> impl Iterator<Item = &Arc<Prefix<B>>> {
        self.held.values().flatten().map(|seen| &seen.prefix)
    }

    /// Lets the tree drop what it keeps for them: they will be read anew. Whether there was anything.
    pub(super) fn release_all(&mut self) -> bool {
        !std::mem::take(&mut self.held).is_empty()
    }

    /// The row is read again.
    pub(super) fn release(&mut self, row: &Row<'_>) {
        self.held.remove(&(row.job.id, row.index));
    }
}

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// Runs the calls of running rows, those of one step beside each other, and puts the results in. Rows whose tools
    /// do not answer at once leave the batch, where that is wanted.
    pub(super) fn follow_calls(
        &mut self,
        asked: Vec<(usize, Asked)>,
        failed: &mut Vec<(RequestId, DecodeError)>,
    ) {
        let mut open = BTreeMap::new();
        for (number, asked) in asked {
            let job = self.running[number].job.clone();
            let Tools::Enabled(tools) = &job.tools else { continue };
            let began = (tools.clock)();
            if let Some(error) = refused(tools, &asked.name) {
                self.answer(number, Started { asked, began, seconds: Some(0.0) }, Err(error), failed);
                continue;
            }
            let key = self.parked.next;
            self.parked.next += 1;
            let has_ended = self.parked.calls.start(key, tools.registry, &asked.name, &asked.args);
            let seconds = has_ended.then(|| (tools.clock)() - began);
            open.insert(key, (number, Started { asked, began, seconds }));
        }
        let wait = self.settings.overlap_calls.then_some(AT_ONCE);
        while let Some((key, outcome)) = self.parked.calls.next_ended(wait, |key| open.contains_key(key)) {
            let Some((number, call)) = open.remove(&key) else { continue };
            self.answer(number, call, outcome, failed);
        }
        let mut open: Vec<_> = open.into_iter().collect();
        // The last row gets the number of one that leaves.
        open.sort_by_key(|&(_, (number, _))| std::cmp::Reverse(number));
        for (key, (number, call)) in open {
            let row = self.park(number);
            self.parked.rows.insert(key, Parked { row, call });
        }
    }

    /// Puts what a tool said into a running row.
    fn answer(
        &mut self,
        number: usize,
        call: Started,
        outcome: Result<String, CallError>,
        failed: &mut Vec<(RequestId, DecodeError)>,
    ) {
        let row = &mut self.running[number];
        match row.answer(call, outcome, self.tokenizer, self.model.vocab_size()) {
            Ok(back) => {
                self.cache.take_back(number, back);
                debug_assert_eq!(row.fed(), self.cache.positions()[number], "the cache is the row's");
            }
            Err(error) => failed.push((row.job.id, error)),
        }
    }

    /// Takes a row out of the batch; the prefix tree keeps what was computed of it.
    fn park(&mut self, number: usize) -> Row<'a> {
        let text = self.running[number].fed_text();
        self.tree.keep(&self.cache, number, &text);
        let known = self.tree.longest(&text);
        let mut row = self.running.swap_remove(number);
        self.cache.swap_remove(number);
        row.seen = known.tokens;
        row.tell(&mut self.events);
        self.parked.held.insert((row.job.id, row.index), known.path);
        self.usage.parked += 1;
        row
    }

    /// Lets rows whose tools have answered wait for a place in the batch, before all others. Waits so long for an
    /// answer.
    pub(super) fn take_answers(&mut self, mut wait: Duration) {
        let mut back = Vec::new();
        while let Some((key, outcome)) = self.parked.calls.next_ended(Some(wait), |_| true) {
            wait = Duration::ZERO;
            let Some(Parked { mut row, call }) = self.parked.rows.remove(&key) else { continue };
            match row.answer(call, outcome, self.tokenizer, self.model.vocab_size()) {
                Ok(_) => {
                    // All that it has not seen is read together.
                    row.pending.clear();
                    row.tell(&mut self.events);
                    back.push(row);
                }
                Err(error) => self.fail(row.job.id, error),
            }
        }
        for row in back.into_iter().rev() {
            // Another row of its request may have failed meanwhile.
            if !self.choices.contains_key(&row.job.id) {
                self.parked.release(&row);
            } else if row.finish.is_some() {
                self.parked.release(&row);
                self.end(row);
            } else {
                self.waiting.push_front(row);
            }
        }
    }
}
