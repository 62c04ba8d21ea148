//! Perplexity of texts without calls: is the model still a language model? (section 4.3)

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use toolformer_filter::{LossWeights, Scorer};
use toolformer_model::CausalLm;

/// Perplexity and what it was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perplexity {
    /// `exp` of the mean negative log-likelihood of a token.
    pub value: f64,
    /// Tokens that were predicted.
    pub tokens: usize,
}

/// Perplexity of sequences of ids; the first token of each is given, not predicted, and what exceeds the model's
/// context is left out. None if nothing is left.
pub fn perplexity<B: Backend, M: CausalLm<B>>(
    model: &M,
    sequences: &[Vec<u32>],
    batch_tokens: usize,
) -> Option<Perplexity> {
    let pairs: Vec<(&[u32], &[u32])> = sequences
        .iter()
        .filter(|ids| ids.len() > 1)
        .map(|ids| ids[..ids.len().min(model.max_positions())].split_at(1))
        .collect();
    let scored = Scorer::new(model, LossWeights::paper(), batch_tokens).text_log_probs::<B>(&pairs);
    let log_probs: Vec<f64> = scored.values.iter().flatten().map(|&log_prob| f64::from(log_prob)).collect();
    let tokens = log_probs.len();
    (tokens > 0).then(|| Perplexity { value: (-log_probs.iter().sum::<f64>() / tokens as f64).exp(), tokens })
}
