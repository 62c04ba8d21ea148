//! Which of the waiting rows are read next, and how they get at what is known of their texts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Context, KvCache, Prefix, Seen};

use super::{
    Engine,
    reading::{Part, Reading},
    row::Row,
};
use crate::{error::DecodeError, generation::TokenLogprob, prefix_tree::Known};

/// Waiting rows that are looked at for the next pass.
const WINDOW: usize = 64;

/// Tokens for which it is worth to wait until another row has read them, or to look at them where they are.
const WORTH_SHARING: usize = 16;

/// Columns that a row gets beyond its tokens, where memory is counted.
pub(super) const ROOM: usize = 32;

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// The rows that are read next, if some wait and there is room.
    pub(super) fn next_reading(&mut self) -> Option<Reading<'a, B>> {
        let free = self.settings.batch.saturating_sub(self.running.len());
        if free == 0 || self.waiting.is_empty() {
            return None;
        }
        let window = self.waiting.len().min(WINDOW.max(self.settings.batch));
        let texts: Vec<Vec<u32>> = self.waiting.iter().take(window).map(Row::context).collect();
        let known: Vec<Known<B>> = (0..window)
            .map(|row| {
                // All of it is computed where all of it is to be told; and the last token in any case, for the scores.
                let may_know = if wants_prompt(&self.waiting[row]) { 0 } else { texts[row].len() - 1 };
                self.tree.longest(&texts[row][..may_know])
            })
            .collect();
        let chosen = self.choose_rows(&texts, &known, free);
        let mut rows = BTreeMap::new();
        for &row in chosen.iter().flatten().collect::<BTreeSet<_>>().iter().rev() {
            rows.extend(self.waiting.remove(*row).map(|taken| (*row, taken)));
        }
        let parts = chosen.iter().map(|same| {
            let first = same[0];
            let mut rows: Vec<Row<'a>> = same.iter().filter_map(|row| rows.remove(row)).collect();
            for (number, row) in rows.iter_mut().enumerate() {
                let reused = if number == 0 { known[first].tokens } else { texts[first].len() };
                row.reused += reused;
                self.usage.reused += reused;
            }
            let told = rows
                .first()
                .filter(|row| wants_prompt(row))
                .map(|_| vec![TokenLogprob::given(texts[first][0])]);
            let prompt = rows.iter().map(|row| row.job.prompt.ids.len()).min().unwrap_or(0);
            let context = self.context(&known, first, prompt);
            let (tokens, known) = (texts[first].clone(), known[first].tokens);
            Part { rows, tokens, context, known, logits: Vec::new(), told }
        });
        let parts: Vec<Part<'a, B>> = parts.collect();
        (!parts.is_empty()).then(|| Reading::new(self.model, parts))
    }

    /// Rows of the window to read in one pass, those of the same tokens together.
    fn choose_rows(&self, texts: &[Vec<u32>], known: &[Known<B>], free: usize) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let (mut longest, mut all, mut rows) = (0, 0, 0);
        for (row, text) in texts.iter().enumerate() {
            if rows == free {
                break;
            }
            let most = parts.iter().map(|part| texts[part[0]].len()).max().unwrap_or(0).max(text.len());
            if !self.has_memory_for(rows + 1, most) && (rows > 0 || !self.running.is_empty()) {
                break;
            }
            let echo = wants_prompt(&self.waiting[row]);
            let same = |part: &&mut Vec<usize>| {
                texts[part[0]] == *text && wants_prompt(&self.waiting[part[0]]) == echo
            };
            if let Some(same) = parts.iter_mut().find(same) {
                same.push(row);
                rows += 1;
                continue;
            }
            // In the next pass these tokens are known.
            let worth = known[row].tokens + WORTH_SHARING;
            if !echo && parts.iter().any(|part| alike(&texts[part[0]], text) >= worth) {
                continue;
            }
            let rest = text.len() - known[row].tokens;
            let (width, count) = (longest.max(rest), parts.len() + 1);
            // Little padding, and no more than is read at a time.
            let is_apt = width * count <= self.settings.chunk && 4 * width * count <= 5 * (all + rest);
            if parts.is_empty() || is_apt {
                (longest, all, rows) = (width, all + rest, rows + 1);
                parts.push(vec![row]);
            }
        }
        parts
    }

    fn has_memory_for(&self, rows: usize, tokens: usize) -> bool {
        self.cache.bytes_of(self.running.len() + rows, self.columns_for(tokens)) <= self.settings.memory
    }

    /// Columns that there will be when a row of so many tokens has joined and all have gone on for a while.
    fn columns_for(&self, tokens: usize) -> usize {
        let columns = tokens.max(self.cache.columns()) + ROOM;
        columns + columns / 4
    }

    /// How a row of the window, with a prompt of so many tokens, gets at what is known of it: what most rows have in common
    /// is looked at where it is, the rest copied.
    fn context(&self, known: &[Known<B>], row: usize, prompt: usize) -> Context<B> {
        let path = &known[row].path;
        let is_shared = |seen: &Seen<B>| {
            let is_it = |prefix: &Arc<Prefix<B>>| Arc::ptr_eq(prefix, &seen.prefix);
            let wanted =
                known.iter().filter(|known| known.path.iter().any(|seen| is_it(&seen.prefix))).count();
            self.cache.shared().any(is_it) || (seen.tokens >= WORTH_SHARING && self.are_most(wanted))
        };
        // What may be taken back, and that is the row's completion, must be its own.
        let ends = path.iter().scan(0, |end, seen| {
            *end += seen.tokens;
            Some(*end)
        });
        let shared = path.iter().zip(ends).take_while(|&(seen, end)| end < prompt && is_shared(seen)).count();
        Context { shared: path[..shared].to_vec(), copied: path[shared..].to_vec() }
    }

    /// Whether so many rows are at least two and half of those that will run together.
    fn are_most(&self, rows: usize) -> bool {
        let together = (self.running.len() + rows).min(self.settings.batch);
        rows >= 2 && 2 * rows >= together
    }

    /// Lets rows whose text is read join the batch, and takes them one token on.
    pub(super) fn admit(&mut self, reading: Reading<'a, B>) -> Result<(), DecodeError> {
        let Reading { parts, cache, .. } = reading;
        let first = self.running.len();
        let mut asked = Vec::new();
        let mut failed = Vec::new();
        for (number, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.rows.is_empty()) {
            let own = cache.own_tokens(number);
            let below = part.tokens.len() - own;
            if self.settings.remember {
                let known = self.tree.longest(&part.tokens);
                if known.tokens < part.tokens.len() {
                    let kv = cache.copy_of(number, known.tokens - below..own);
                    self.tree.insert(&known, &part.tokens[known.tokens..], Arc::new(kv));
                }
            }
            let (count, slots) = (part.rows.len(), self.slots(own));
            let is_prompt = part.rows.iter().all(|row| row.ids.is_empty());
            if is_prompt && own > WORTH_SHARING && self.are_most(count) {
                // All of it is looked at where it is, but for the last token: of its own a row has at least one.
                let all = Seen { prefix: Arc::new(cache.copy_of(number, 0..own - 1)), tokens: own - 1 };
                let last = Seen { prefix: Arc::new(cache.copy_of(number, own - 1..own)), tokens: 1 };
                let shared = part.context.shared.iter().cloned().chain([all]).collect();
                let context = Context { shared, copied: vec![last] };
                let (shape, device) = (self.model.cache_shape(), self.model.device());
                let row = KvCache::on_contexts(shape, &[context], 0, &device);
                self.cache.join(&row, &vec![0; count], slots);
            } else {
                self.cache.join(&cache, &vec![number; count], slots);
            }
            for mut row in part.rows {
                row.prompt_logprobs = row.prompt_logprobs.or_else(|| part.told.clone());
                match row.advance(self.tokenizer, &mut part.logits.clone()) {
                    Ok(call) => asked.extend(call.map(|call| (self.running.len(), call))),
                    Err(error) => failed.push((row.job.id, error)),
                }
                self.running.push(row);
            }
        }
        debug_assert!(self.running.len() >= first && self.running.len() == self.cache.batch());
        self.follow_calls(asked, &mut failed);
        self.settle(failed);
        Ok(())
    }

    /// Rows to make room for when one of so many own tokens joins: no more than wait, and than there is memory for.
    fn slots(&self, tokens: usize) -> usize {
        let more = self.waiting.len() + self.reading.as_ref().map_or(0, |reading| reading.parts.len());
        let affordable = self.settings.memory / self.cache.bytes_of(1, self.columns_for(tokens)).max(1);
        self.settings.batch.min(self.cache.batch() + 1 + more).min(affordable)
    }
}

/// Whether the log-probabilities of a row's prompt are still to be computed.
fn wants_prompt(row: &Row<'_>) -> bool {
    row.job.settings.echo && row.prompt_logprobs.is_none()
}

/// With how many equal tokens two texts begin.
fn alike(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
