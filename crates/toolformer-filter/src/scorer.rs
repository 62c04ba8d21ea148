//! Losses of many candidates in few batches, computing only what has a weight.

use std::{collections::HashMap, ops::Range};

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, KvCache, TokenBatch, forward_in_chunks, log_probs};

use crate::loss_weights::LossWeights;

/// A loss wanted: that of the tokens of `text` from `position` on, behind `prefix`.
#[derive(Clone, Copy, Debug)]
pub struct LossRequest<'a> {
    /// What stands before `x_0`; at least one token.
    pub prefix: &'a [u32],
    /// `x`
    pub text: &'a [u32],
    /// `i`, the index of `x_i`, from 0.
    pub position: usize,
}

/// Log-probabilities of every token of a text, in nats.
pub type TextLogProbs = Vec<f32>;

/// Results and the tokens that they cost.
#[derive(Clone, Debug)]
pub struct Scored<T> {
    /// One per request, in order.
    pub values: Vec<T>,
    /// Tokens that went through the model, padding not counted.
    pub computed: usize,
}

/// Computes losses with one model.
pub struct Scorer<'m, M> {
    model: &'m M,
    weights: LossWeights,
    batch_tokens: usize,
}

/// Tokens of a text that are wanted, by their indices, and the request that they answer.
type Wanted = (usize, Range<usize>);

/// One row to run: what stands before the text, and which of the text's tokens are wanted.
struct Job<'a> {
    ids: Vec<u32>,
    prefix: usize,
    text: &'a [u32],
    wanted: Vec<Wanted>,
}

impl<'m, M> Scorer<'m, M> {
    /// A scorer whose batches hold at most `batch_tokens` tokens (a longer text is a batch of its own).
    pub fn new(model: &'m M, weights: LossWeights, batch_tokens: usize) -> Self {
        Self { model, weights, batch_tokens }
    }

    /// The model.
    pub fn model(&self) -> &'m M {
        self.model
    }

    /// The tokens that a request puts through the model.
    pub fn tokens_of(&self, request: &LossRequest<'_>) -> usize {
        request.prefix.len() + request.text.len().min(request.position + self.weights.window())
    }

    /// `L_i(prefix)` for every request, in nats.
    ///
    /// Nothing behind `x_{i+4}` is computed, nor the scores of any other position.
    ///
    /// # Panics
    /// If a prefix is empty or a position lies outside its text.
    pub fn losses<B: Backend>(&self, requests: &[LossRequest<'_>]) -> Scored<f64>
    where
        M: CausalLm<B>,
    {
        // Requests with the same prefix and text are one row, run as far as the last of them needs.
        let mut rows: HashMap<(&[u32], &[u32]), Vec<Wanted>> = HashMap::new();
        for (request, r) in requests.iter().enumerate() {
            assert!(
                r.position < r.text.len(),
                "position {} of a text of {} tokens",
                r.position,
                r.text.len()
            );
            let end = r.text.len().min(r.position + self.weights.window());
            rows.entry((r.prefix, r.text)).or_default().push((request, r.position..end));
        }
        let jobs = rows.into_iter().map(|((prefix, text), wanted)| Job::new(prefix, text, wanted));
        let scored = self.run(jobs.collect(), requests.len());
        let values = scored.values.iter().map(|log_probs| self.weights.loss(log_probs)).collect();
        Scored { values, computed: scored.computed }
    }

    /// `log p(x_j | prefix, x_{<j})` for every `j` of every text: one pass gives `L_i(prefix)` at all positions.
    ///
    /// # Panics
    /// If a prefix or a text is empty.
    pub fn text_log_probs<B: Backend>(&self, texts: &[(&[u32], &[u32])]) -> Scored<TextLogProbs>
    where
        M: CausalLm<B>,
    {
        let jobs = texts.iter().enumerate();
        let jobs =
            jobs.map(|(request, (prefix, text))| Job::new(prefix, text, vec![(request, 0..text.len())]));
        self.run(jobs.collect(), texts.len())
    }

    fn run<B: Backend>(&self, mut jobs: Vec<Job<'_>>, requests: usize) -> Scored<TextLogProbs>
    where
        M: CausalLm<B>,
    {
        let mut values = vec![Vec::new(); requests];
        let mut computed = 0;
        jobs.sort_by_key(|job| (job.ids.len(), job.wanted.first().map(|(request, _)| *request)));
        let mut rest = jobs.as_slice();
        while !rest.is_empty() {
            // The longest first, with as many of the next shorter ones as the budget takes.
            let longest = rest[rest.len() - 1].ids.len();
            let rows = (self.batch_tokens / longest).clamp(1, rest.len());
            let (shorter, batch) = rest.split_at(rest.len() - rows);
            rest = shorter;
            computed += batch.iter().map(|job| job.ids.len()).sum::<usize>();
            let mut found = self.batch::<B>(batch).into_iter();
            for (request, range) in batch.iter().flat_map(|job| &job.wanted) {
                values[*request] = found.by_ref().take(range.len()).collect();
            }
        }
        Scored { values, computed }
    }

    /// Log-probabilities of everything wanted, one after the other.
    fn batch<B: Backend>(&self, jobs: &[Job<'_>]) -> TextLogProbs
    where
        M: CausalLm<B>,
    {
        let rows: Vec<&[u32]> = jobs.iter().map(|job| job.ids.as_slice()).collect();
        let tokens = TokenBatch::new(&rows);
        let device = self.model.device();
        let mut cache = KvCache::new(self.model.cache_shape(), tokens.batch(), tokens.seq(), &device);
        let hidden = forward_in_chunks(self.model, &tokens, &mut cache);
        let [batch, seq, d_model] = hidden.dims();
        let mut index = Vec::new();
        let mut targets = Vec::new();
        for (row, job) in jobs.iter().enumerate() {
            for position in job.wanted.iter().flat_map(|(_, range)| range.clone()) {
                // The state before a token predicts it.
                index.push(i32::try_from(row * seq + job.prefix + position - 1).unwrap_or(i32::MAX));
                targets.push(job.text[position]);
            }
        }
        let index = Tensor::from_ints(index.as_slice(), &device);
        let states = hidden.reshape([batch * seq, d_model]).select(0, index); // [targets, d_model]
        log_probs(self.model, states, &targets)
    }
}

impl<'a> Job<'a> {
    /// Runs `prefix + text` up to the token before the last one wanted.
    fn new(prefix: &[u32], text: &'a [u32], wanted: Vec<Wanted>) -> Self {
        let end = wanted.iter().map(|(_, range)| range.end).max().unwrap_or(0);
        assert!(!prefix.is_empty() && end > 0, "a loss needs a prefix and a text");
        let ids = prefix.iter().chain(&text[..end - 1]).copied().collect();
        Self { ids, prefix: prefix.len(), text, wanted }
    }
}
