//! Which of the waiting rows are read next, and how they get at what is known of their texts.

use std::{
    borrow::Cow,
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

/// Prefixes that the samples of one prompt look at, at most.
const MOST_VIEWS: usize = 4;

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// The rows that are read next, if some wait and there is room.
    pub(super) fn next_reading(&mut self) -> Option<Reading<'a, B>> {
        let (batch, running) = (self.settings.batch, self.running.len());
        // Those whose tools run hold memory, so that there are no more of them than run.
        let free =
            batch.min(batch.saturating_mul(2).saturating_sub(self.parked.len())).saturating_sub(running);
        let first = self.waiting.front().filter(|_| free > 0)?.context().len();
        if running > 0 && !self.fits(1, 1, 0) {
            return None;
        }
        if running == 0 && !self.fits(1, first, 0) {
            self.parked.release_all();
        }
        let window = self.waiting.len().min(WINDOW.max(batch));
        let texts: Vec<Cow<'_, [u32]>> = self.waiting.iter().take(window).map(Row::context).collect();
        let known: Vec<Known<B>> = (0..window)
            .map(|row| {
                // All of it is computed where all of it is to be told; and the last token in any case, for the scores.
                let may_know = if wants_prompt(&self.waiting[row]) { 0 } else { texts[row].len() - 1 };
                self.tree.longest(&texts[row][..may_know])
            })
            .collect();
        let shared: Vec<Vec<Seen<B>>> = (0..window)
            .map(|row| self.context(&known, row, self.waiting[row].job.prompt.ids.len()).shared)
            .collect();
        let chosen: Vec<(Vec<usize>, Vec<u32>)> = self
            .choose_rows(&texts, &known, &shared, free)
            .into_iter()
            .map(|rows| {
                let tokens = texts[rows[0]].to_vec();
                (rows, tokens)
            })
            .collect();
        let mut rows = BTreeMap::new();
        for &row in chosen.iter().flat_map(|(rows, _)| rows).collect::<BTreeSet<_>>().iter().rev() {
            rows.extend(self.waiting.remove(*row).map(|taken| (*row, taken)));
        }
        let mut parts = Vec::with_capacity(chosen.len());
        for (same, tokens) in chosen {
            let (first, of_first) = (same[0], known[same[0]].tokens);
            let mut rows: Vec<Row<'a>> = same.iter().filter_map(|row| rows.remove(row)).collect();
            for (number, row) in rows.iter_mut().enumerate() {
                // What it has computed itself was counted.
                let reused = if number == 0 { of_first } else { tokens.len() };
                let reused = reused.saturating_sub(std::mem::take(&mut row.seen));
                row.reused += reused;
                self.usage.reused += reused;
                self.parked.release(row);
            }
            let told =
                rows.first().filter(|row| wants_prompt(row)).map(|_| vec![TokenLogprob::given(tokens[0])]);
            let prompt = rows.iter().map(|row| row.job.prompt.ids.len()).min().unwrap_or(0);
            let context = self.context(&known, first, prompt);
            parts.push(Part { rows, tokens, context, known: of_first, logits: Vec::new(), told });
        }
        let width = parts.iter().map(|part| part.tokens.len()).max()?;
        self.trim_tree(self.cache.bytes() + self.cache.bytes_of(parts.len(), width));
        Some(Reading::new(self.model, parts))
    }

    /// Rows of the window to read in one pass, those of the same tokens together; `shared` is what each would look at
    /// where it is.
    fn choose_rows(
        &self,
        texts: &[Cow<'_, [u32]>],
        known: &[Known<B>],
        shared: &[Vec<Seen<B>>],
        free: usize,
    ) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let (mut longest, mut all, mut rows) = (0, 0, 0);
        let may_lack_memory = |rows: usize| rows == 0 && self.running.is_empty();
        for (row, text) in texts.iter().enumerate() {
            if rows == free {
                break;
            }
            let echo = wants_prompt(&self.waiting[row]);
            let same =
                |part: &Vec<usize>| texts[part[0]] == *text && wants_prompt(&self.waiting[part[0]]) == echo;
            if let Some(at) = parts.iter().position(same) {
                parts[at].push(row);
                if !self.fit(&parts, texts, shared) {
                    parts[at].pop();
                    break;
                }
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
                parts.push(vec![row]);
                if !self.fit(&parts, texts, shared) && !may_lack_memory(rows) {
                    parts.pop();
                    break;
                }
                (longest, all, rows) = (width, all + rest, rows + 1);
            }
        }
        parts
    }

    /// Whether so many rows of the same text look at it together, but for its last token.
    pub(super) fn is_forked(&self, is_prompt: bool, tokens: usize, rows: usize) -> bool {
        is_prompt && tokens > WORTH_SHARING && self.are_most(rows)
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
            let count = part.rows.len();
            let is_forked = self.is_forked(part.rows.iter().all(|row| row.ids.is_empty()), own, count);
            let shared = self.keep_read(&cache, number, &part.tokens, is_forked);
            let slots = self.slots(if shared.is_some() { 1 } else { own });
            self.trim_tree(cache.bytes() + self.cache.bytes_of(slots, self.columns_for(own)));
            if let Some(shared) = shared {
                // Of its own a row has the last token.
                let last = Seen { prefix: Arc::new(cache.copy_of(number, own - 1..own)), tokens: 1 };
                let context = Context { shared, copied: vec![last] };
                let (shape, device) = (self.model.cache_shape(), self.model.device());
                let row = KvCache::on_contexts(shape, &[context], 0, &device);
                self.cache.join(&row, &vec![0; count], slots);
            } else {
                self.cache.join(&cache, &vec![number; count], slots);
            }
            for mut row in part.rows {
                if let Some(told) = part.told.as_ref().filter(|_| wants_prompt(&row)) {
                    let top = row.job.settings.logprobs.unwrap_or(0);
                    row.job.prompt_logprobs.get_or_init(|| TokenLogprob::cut_to(told, top));
                }
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

    /// Keeps what was read in the prefix tree. If it `is_forked`, gives what its rows look at together: all of it but for
    /// the last token.
    fn keep_read(
        &mut self,
        cache: &KvCache<B>,
        number: usize,
        tokens: &[u32],
        is_forked: bool,
    ) -> Option<Vec<Seen<B>>> {
        let (own, all_but_one) = (cache.own_tokens(number), tokens.len() - 1);
        let below = tokens.len() - own;
        let ends = [(is_forked, all_but_one), (self.settings.remember, tokens.len())];
        for (_, end) in ends.into_iter().filter(|&(is_wanted, _)| is_wanted) {
            self.tree.keep(cache, number, &tokens[..end]);
        }
        if !is_forked {
            return None;
        }
        let mut path = self.tree.longest(&tokens[..all_but_one]).path;
        let at = |path: &[Seen<B>]| path.iter().map(|seen| seen.tokens).sum::<usize>();
        if at(&path) < all_but_one {
            return None;
        }
        if path.len() > MOST_VIEWS {
            // Each is a product of its own for every token: the last ones become one. What the row does not have of its
            // own others look at too.
            let not_own = (1..=path.len()).take_while(|&len| at(&path[..len]) <= below).count();
            path.truncate(not_own.max(MOST_VIEWS - 1));
            let (from, tokens) = (at(&path), all_but_one - at(&path));
            let prefix = Arc::new(cache.copy_of(number, from - below..own - 1));
            self.apart.retain(|prefix| prefix.strong_count() > 0);
            self.apart.push(Arc::downgrade(&prefix));
            path.push(Seen { prefix, tokens });
        }
        Some(path)
    }
}

/// Whether the log-probabilities of a row's prompt are still to be computed.
fn wants_prompt(row: &Row<'_>) -> bool {
    row.job.settings.echo && row.job.prompt_logprobs.get().is_none()
}

/// With how many equal tokens two texts begin.
fn alike(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
