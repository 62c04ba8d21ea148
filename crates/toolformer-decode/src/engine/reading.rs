//! Prompts that are being read: together, or a long one in pieces.

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, Context, KvCache, TokenBatch, visit_log_probs};

use super::{request::RequestId, row::Row};
use crate::{generation::TokenLogprob, last_logits::last_logits};

/// Rows that have the same tokens so far: these are read once.
pub(super) struct Part<'a, B: Backend> {
    pub(super) rows: Vec<Row<'a>>,
    /// All of their tokens.
    pub(super) tokens: Vec<u32>,
    /// What is known of them.
    pub(super) context: Context<B>,
    /// How many tokens these are.
    pub(super) known: usize,
    /// The scores behind the last token, once it was read.
    pub(super) logits: Vec<f32>,
    /// How likely the prompt's tokens were, where that is wanted; with as many others as is wanted at most.
    pub(super) told: Option<Vec<TokenLogprob>>,
}

/// Parts that are read in one pass, or one part in several.
pub(super) struct Reading<'a, B: Backend> {
    pub(super) parts: Vec<Part<'a, B>>,
    pub(super) cache: KvCache<B>,
    /// Tokens that were read of each.
    read: usize,
}

impl<'a, B: Backend> Reading<'a, B> {
    pub(super) fn new<M: CausalLm<B>>(model: &M, parts: Vec<Part<'a, B>>) -> Self {
        let contexts: Vec<Context<B>> = parts.iter().map(|part| part.context.clone()).collect();
        let longest = parts.iter().map(|part| part.tokens.len() - part.known).max().unwrap_or(0);
        let cache = KvCache::on_contexts(model.cache_shape(), &contexts, longest, &model.device());
        Self { parts, cache, read: 0 }
    }

    /// Bytes of what was read, and of the room for the rest.
    pub(super) fn bytes(&self) -> usize {
        self.cache.bytes()
    }

    /// Whether all is read.
    pub(super) fn is_done(&self) -> bool {
        self.parts.iter().all(|part| !part.logits.is_empty() || part.rows.is_empty())
    }

    /// Gives the rows of a request up.
    pub(super) fn forget(&mut self, is_it: impl Fn(RequestId) -> bool) {
        for part in &mut self.parts {
            part.rows.retain(|row| !is_it(row.job.id));
        }
    }

    /// Reads all of the parts, or of a single one at most `chunk` tokens. Returns how many went through the model.
    pub(super) fn feed<M: CausalLm<B>>(&mut self, model: &M, chunk: usize) -> usize {
        let most = if self.parts.len() == 1 { chunk } else { usize::MAX };
        let from = self.read;
        let fed: Vec<&[u32]> = self
            .parts
            .iter()
            .map(|part| &part.tokens[part.known + from..])
            .map(|rest| &rest[..rest.len().min(most)])
            .collect();
        let fed = TokenBatch::new(&fed);
        let hidden = model.forward(&fed, &mut self.cache);
        self.read += fed.seq();
        self.tell(model, &fed, from, hidden.clone());
        if self.parts.iter().all(|part| part.known + self.read >= part.tokens.len()) {
            for (part, logits) in self.parts.iter_mut().zip(last_logits(model, &fed, hidden)) {
                part.logits = logits;
            }
        }
        for (part, len) in self.parts.iter_mut().zip(fed.lens()) {
            part.rows.first_mut().into_iter().for_each(|row| row.computed += len);
        }
        fed.tokens()
    }

    /// Notes how likely the tokens of prompts were, behind `from` ones of each.
    ///
    /// # Shapes
    /// - `hidden`: `[batch, seq, d_model]`, of `tokens`
    fn tell<M: CausalLm<B>>(&mut self, model: &M, tokens: &TokenBatch, from: usize, hidden: Tensor<B, 3>) {
        if self.parts.iter().all(|part| part.told.is_none()) {
            return;
        }
        let [batch, seq, d_model] = hidden.dims();
        visit_log_probs(model, hidden.reshape([batch * seq, d_model]), |place, log_probs| {
            let (number, position) = (place / seq, place % seq);
            let part = &mut self.parts[number];
            let next = part.tokens.get(from + position + 1);
            if let (Some(told), Some(&id), true) = (&mut part.told, next, position < tokens.lens()[number]) {
                let top = part.rows.iter().filter_map(|row| row.job.settings.logprobs).max().unwrap_or(0);
                told.push(TokenLogprob::chosen(id, log_probs, top));
            }
        });
    }
}
