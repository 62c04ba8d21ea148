//! The bytes of keys and values that an engine may hold.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Prefix, Seen};

use super::Engine;

/// Columns that a row gets beyond its tokens, where memory is counted.
pub(super) const ROOM: usize = 32;

impl<B: Backend, M: CausalLm<B>> Engine<'_, B, M> {
    /// Whether there is memory for rows to be read and to join.
    pub(super) fn fit(
        &self,
        parts: &[Vec<usize>],
        texts: &[Cow<'_, [u32]>],
        shared: &[Vec<Seen<B>>],
    ) -> bool {
        let (mut rows, mut longest, mut more) = (0, 0, 0);
        let mut looked_at: BTreeMap<*const Prefix<B>, usize> = BTreeMap::new();
        for part in parts {
            let seen = &shared[part[0]];
            let rest = texts[part[0]].len() - seen.iter().map(|seen| seen.tokens).sum::<usize>();
            let is_prompt = part.iter().all(|&row| self.waiting[row].ids.is_empty());
            let is_forked = self.is_forked(is_prompt, rest, part.len());
            rows += part.len();
            longest = longest.max(if is_forked { 1 } else { rest });
            // What samples look at together, and what is read.
            more += self.cache.bytes_of(1 + usize::from(is_forked), rest);
            looked_at.extend(seen.iter().map(|seen| (Arc::as_ptr(&seen.prefix), seen.prefix.bytes())));
        }
        // Those are counted among what is in use.
        looked_at.retain(|&prefix, _| !self.cache.shared().any(|used| Arc::as_ptr(used) == prefix));
        self.fits(rows, longest, more + looked_at.values().sum::<usize>())
    }

    /// Whether there is memory for further rows of so many own tokens, and `more` bytes.
    pub(super) fn fits(&self, rows: usize, tokens: usize, more: usize) -> bool {
        let own = self.cache.bytes_of(self.running.len() + rows, self.columns_for(tokens));
        own + self.in_use() + more <= self.settings.memory
    }

    /// Bytes beside the rows' own ones that cannot be given back now.
    fn in_use(&self) -> usize {
        let looked_at = self.cache.shared().chain(self.parked.held());
        let looked_at: BTreeMap<_, usize> =
            looked_at.map(|prefix| (Arc::as_ptr(prefix), prefix.bytes())).collect();
        looked_at.values().sum()
    }

    /// Columns that there will be when a row of so many tokens has joined and all have gone on for a while.
    pub(super) fn columns_for(&self, tokens: usize) -> usize {
        let columns = tokens.max(self.cache.columns()) + ROOM;
        columns + columns / 4
    }

    /// Rows to make room for when one of so many own tokens joins: no more than wait, and than there is memory for.
    pub(super) fn slots(&self, tokens: usize) -> usize {
        let more = self.waiting.len() + self.reading.as_ref().map_or(0, |reading| reading.parts.len());
        let memory = self.settings.memory.saturating_sub(self.in_use());
        let affordable = memory / self.cache.bytes_of(1, self.columns_for(tokens)).max(1);
        self.settings.batch.min(self.cache.batch() + 1 + more).min(affordable)
    }

    /// Leaves the prefix tree what there is beside `others` bytes; where nothing is to be remembered, what is in use.
    pub(super) fn trim_tree(&mut self, others: usize) {
        let room = self.settings.memory.saturating_sub(others + self.apart());
        self.tree.shrink_to(if self.settings.remember { room } else { 0 });
    }

    /// Makes room for one more token of every row: by what costs least, and at last by taking the youngest rows out
    /// again, which are read anew when others have left. One row runs in any case.
    pub(super) fn keep_within_memory(&mut self) {
        while !self.running.is_empty() {
            let needed = self.cache.bytes_with(1);
            self.trim_tree(needed);
            if needed + self.apart() + self.tree.bytes() <= self.settings.memory {
                return;
            }
            if self.cache.shrink() || self.parked.release_all() {
                continue;
            }
            let youngest = (0..self.running.len())
                .max_by_key(|&row| (self.running[row].job.id, self.running[row].index))
                .filter(|_| self.running.len() > 1);
            let Some(number) = youngest else { return };
            let mut row = self.running.swap_remove(number);
            self.cache.swap_remove(number);
            row.seen = row.fed();
            row.pending.clear();
            self.waiting.push_front(row);
            self.usage.preempted += 1;
        }
    }
}
