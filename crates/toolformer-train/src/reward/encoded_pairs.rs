//! Pairs as token ids.

use toolformer_model::{Tokenizer, check_ids};

use super::{Conversation, PreferencePair, Template};
use crate::error::TrainError;

/// A pair as token ids.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedPair {
    /// The better.
    pub chosen: Vec<u32>,
    /// The worse.
    pub rejected: Vec<u32>,
    /// By how much the better should at least score higher.
    pub margin: f64,
}

/// Pairs as token ids, and what became of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncodedPairs {
    /// The pairs, in their order.
    pub pairs: Vec<EncodedPair>,
    /// Of each, which of the given pairs it is, from 0.
    pub numbers: Vec<usize>,
    /// Pairs that do not fit without their history, and were dropped.
    pub too_long: usize,
    /// Pairs whose two sides are the same ids, and were dropped.
    pub equal: usize,
    /// Pairs whose history was cut at its beginning.
    pub cut: usize,
}

/// Encodes pairs for a model with `vocab_size` ids. Of those that are longer than `max_tokens` on a side, history is left out,
/// the oldest turns first and of both sides alike; what is too long even then is dropped.
///
/// # Errors
/// If the template refuses a conversation, or the model lacks an id.
pub fn encode_pairs(
    pairs: &[PreferencePair],
    template: &Template,
    tokenizer: &Tokenizer,
    max_tokens: usize,
    vocab_size: usize,
) -> Result<EncodedPairs, TrainError> {
    let ids = |conversation: &Conversation| {
        let ids = template.ids(conversation, tokenizer)?;
        check_ids(&ids, vocab_size, Some(tokenizer))?;
        Ok::<_, TrainError>(ids)
    };
    let mut found = EncodedPairs::default();
    for (number, PreferencePair { chosen, rejected, margin, .. }) in pairs.iter().enumerate() {
        let (mut better, mut worse, mut cut) = (chosen.clone(), rejected.clone(), false);
        let encoded = loop {
            let sides = [ids(&better)?, ids(&worse)?];
            if sides.iter().all(|ids| ids.len() <= max_tokens) {
                break Some(sides);
            }
            match (better.without_oldest(), worse.without_oldest()) {
                (Some(shorter), Some(other)) => (better, worse, cut) = (shorter, other, true),
                _ => break None,
            }
        };
        match encoded {
            None => found.too_long += 1,
            Some([chosen, rejected]) if chosen == rejected || chosen.is_empty() || rejected.is_empty() => {
                found.equal += 1;
            }
            Some([chosen, rejected]) => {
                found.pairs.push(EncodedPair { chosen, rejected, margin: *margin });
                found.numbers.push(number);
                found.cut += usize::from(cut);
            }
        }
    }
    Ok(found)
}
