//! Losses of many candidates in few batches, computing only what has a weight.

use burn::tensor::{Tensor, backend::Backend};
use toolformer_model::{CausalLm, KvCache, TokenBatch, log_probs};

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

/// One row to run: which request it answers, and of which of its positions the log-probabilities are wanted.
struct Job<'a> {
    request: usize,
    ids: Vec<u32>,
    /// Index in `ids` of the state that predicts the first target.
    first: usize,
    targets: &'a [u32],
}

impl<'m, M> Scorer<'m, M> {
    /// A scorer whose batches hold at most `batch_tokens` tokens (a longer text is a batch of its own).
    pub fn new(model: &'m M, weights: LossWeights, batch_tokens: usize) -> Self {
        Self { model, weights, batch_tokens }
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
        let jobs = requests.iter().enumerate().map(|(request, r)| {
            assert!(r.position < r.text.len(), "position {} of a text of {} tokens", r.position, r.text.len());
            let targets = &r.text[r.position..r.text.len().min(r.position + self.weights.window())];
            Job::new(request, r.prefix, &r.text[..r.position + targets.len()], targets)
        });
        let scored = self.run(jobs.collect());
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
        self.run(jobs.map(|(request, (prefix, text))| Job::new(request, prefix, text, text)).collect())
    }

    /// The loss at `position` of a text whose log-probabilities are known, in nats.
    pub fn loss_at(&self, log_probs: &[f32], position: usize) -> f64 {
        self.weights.loss(&log_probs[position..])
    }

    fn run<B: Backend>(&self, mut jobs: Vec<Job<'_>>) -> Scored<TextLogProbs>
    where
        M: CausalLm<B>,
    {
        let mut values = vec![Vec::new(); jobs.len()];
        let mut computed = 0;
        jobs.sort_by_key(|job| (job.ids.len(), job.request));
        let mut rest = jobs.as_slice();
        while !rest.is_empty() {
            // The longest first, with as many of the next shorter ones as the budget takes.
            let longest = rest[rest.len() - 1].ids.len();
            let rows = (self.batch_tokens / longest).clamp(1, rest.len());
            let (shorter, batch) = rest.split_at(rest.len() - rows);
            rest = shorter;
            computed += batch.iter().map(|job| job.ids.len()).sum::<usize>();
            for (job, log_probs) in batch.iter().zip(self.batch::<B>(batch)) {
                values[job.request] = log_probs;
            }
        }
        Scored { values, computed }
    }

    fn batch<B: Backend>(&self, jobs: &[Job<'_>]) -> Vec<TextLogProbs>
    where
        M: CausalLm<B>,
    {
        let rows: Vec<&[u32]> = jobs.iter().map(|job| job.ids.as_slice()).collect();
        let tokens = TokenBatch::new(&rows);
        let device = self.model.device();
        let mut cache = KvCache::new(self.model.cache_shape(), tokens.batch(), tokens.seq(), &device);
        let hidden = self.model.forward(&tokens, &mut cache);
        let [batch, seq, d_model] = hidden.dims();
        let wanted = jobs.iter().enumerate().flat_map(|(row, job)| {
            let first = row * seq + job.first;
            (first..first + job.targets.len()).map(|index| i32::try_from(index).unwrap_or(i32::MAX))
        });
        let index = Tensor::from_ints(wanted.collect::<Vec<i32>>().as_slice(), &device);
        let states = hidden.reshape([batch * seq, d_model]).select(0, index); // [targets, d_model]
        let targets: Vec<u32> = jobs.iter().flat_map(|job| job.targets).copied().collect();
        let mut all = log_probs(self.model, states, &targets).into_iter();
        jobs.iter().map(|job| all.by_ref().take(job.targets.len()).collect()).collect()
    }
}

impl<'a> Job<'a> {
    /// Runs `prefix + text` without the last token, which predicts nothing that is wanted.
    fn new(request: usize, prefix: &[u32], text: &[u32], targets: &'a [u32]) -> Self {
        assert!(!prefix.is_empty() && !targets.is_empty(), "a loss needs a prefix and a text");
        let ids: Vec<u32> = prefix.iter().chain(&text[..text.len() - 1]).copied().collect();
        let first = ids.len() - targets.len();
        Self { request, ids, first, targets }
    }
}
