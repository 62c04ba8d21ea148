//! Perplexity of texts without calls: is the model still a language model? (section 4.3)

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use toolformer_data::TrainingSequence;
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
/// context, or is not in the loss, is left out. None if nothing is left.
pub fn perplexity<B: Backend, M: CausalLm<B>>(
    model: &M,
    sequences: &[TrainingSequence],
    batch_tokens: usize,
) -> Option<Perplexity> {
    let sequences: Vec<&TrainingSequence> = sequences.iter().filter(|sequence| sequence.len() > 1).collect();
    let longest = model.max_positions();
    let ids = sequences.iter().map(|sequence| &sequence.ids()[..sequence.len().min(longest)]);
    let pairs: Vec<(&[u32], &[u32])> = ids.map(|ids| ids.split_at(1)).collect();
    let scored = Scorer::new(model, LossWeights::paper(), batch_tokens).text_log_probs::<B>(&pairs);
    let log_probs = scored.values.iter().zip(sequences).flat_map(|(values, sequence)| {
        let in_loss = |index: usize| sequence.in_loss().is_none_or(|in_loss| in_loss[index]);
        let predicted = values.iter().enumerate().filter(move |&(number, _)| in_loss(number + 1));
        predicted.map(|(_, &log_prob)| f64::from(log_prob))
    });
    let log_probs: Vec<f64> = log_probs.collect();
    let tokens = log_probs.len();
    (tokens > 0).then(|| Perplexity { value: (-log_probs.iter().sum::<f64>() / tokens as f64).exp(), tokens })
}
