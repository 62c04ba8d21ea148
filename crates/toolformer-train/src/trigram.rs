//! A language model that looks two tokens back: what a perplexity is worth having beyond it.
//!
//! Interpolated Kneser-Ney with modified discounts (Kneser & Ney, 1995; Chen & Goodman, 1998, section 3): at each order a
//! discount is taken off every count and handed to the next lower order, whose counts are of different contexts rather
//! than of occurrences; the lowest order shares with the uniform distribution, so that no id is impossible.

use std::collections::HashMap;

use toolformer_model::check_ids;

use crate::{error::TrainError, training::Perplexity};

/// Bits of an id in a key: three of them are one number.
const BITS: u32 = 21;
const MASK: u64 = (1 << BITS) - 1;
/// Stands before the first token of a sequence; no vocabulary reaches it.
const START: u64 = MASK;
/// The discount where there are too few counts to estimate it (Chen & Goodman find about this much).
const USUAL_DISCOUNT: f64 = 0.75;

/// Counts of a training set, and the probabilities that follow from them.
///
/// Memory: some 150 bytes for each different triple of tokens; three million tokens take seconds.
#[derive(Clone, Debug)]
pub struct Trigram {
    vocab_size: usize,
    /// Of one token, of one behind another, of one behind two.
    orders: [Order; 3],
}

impl Trigram {
    /// Counts the tokens of sequences of ids below `vocab_size`. The first of each sequence is given: it is a context only.
    ///
    /// # Errors
    /// If there is an id outside the vocabulary, or the vocabulary is larger than two million.
    pub fn train<S: AsRef<[u32]>>(
        sequences: impl IntoIterator<Item = S>,
        vocab_size: usize,
    ) -> Result<Self, TrainError> {
        if vocab_size == 0 || vocab_size as u64 > START {
            let why = format!("must be from 1 to {START}, is {vocab_size}");
            return Err(TrainError::Setting { name: "vocab_size", why });
        }
        let mut triples = Counts::new();
        for ids in sequences {
            let ids = ids.as_ref();
            check_ids(ids, vocab_size, None)?;
            for at in 1..ids.len() {
                *triples.entry(key(&ids[..at], ids[at])).or_default() += 1;
            }
        }
        // Of different contexts, not of occurrences.
        let pairs = without_first(&triples, 2);
        let singles = without_first(&pairs, 1);
        Ok(Self { vocab_size, orders: [singles, pairs, triples].map(Order::new) })
    }

    /// `p(id | before)`, of which the last two tokens count. Over the vocabulary the probabilities sum up to 1.
    pub fn probability(&self, before: &[u32], id: u32) -> f64 {
        let triple = key(before, id);
        let mut probability = 1.0 / self.vocab_size as f64;
        for (order, tokens) in self.orders.iter().zip(1..) {
            probability = order.probability(last(triple, tokens), probability);
        }
        probability
    }

    /// Mean `-log p` of a token, in nats, and the number of tokens that were predicted: by the rule of
    /// [`perplexity`](crate::perplexity()), the first token of each sequence is given and what is behind its first
    /// `longest` is left out. None if nothing is left.
    pub fn nats_per_token(&self, sequences: &[Vec<u32>], longest: usize) -> Option<(f64, usize)> {
        let (mut nats, mut tokens) = (0.0, 0);
        for ids in sequences {
            for at in 1..ids.len().min(longest) {
                nats -= self.probability(&ids[..at], ids[at]).ln();
                tokens += 1;
            }
        }
        (tokens > 0).then(|| (nats / tokens as f64, tokens))
    }

    /// The same as a perplexity.
    pub fn perplexity(&self, sequences: &[Vec<u32>], longest: usize) -> Option<Perplexity> {
        let (nats, tokens) = self.nats_per_token(sequences, longest)?;
        Some(Perplexity { value: nats.exp(), tokens })
    }
}

type Counts = HashMap<u64, u32>;

/// A token behind the last two of `before`, as one number.
fn key(before: &[u32], id: u32) -> u64 {
    // An id that no vocabulary reaches is like any other that was never seen.
    let bits = |id: u32| u64::from(id).min(START - 1);
    let back = |n: usize| before.len().checked_sub(n).map_or(START, |at| bits(before[at]));
    back(2) << (2 * BITS) | back(1) << BITS | bits(id)
}

/// A key's last tokens.
fn last(key: u64, tokens: u32) -> u64 {
    key & ((1 << (tokens * BITS)) - 1)
}

/// How many different tokens stand before the last `tokens` of these keys.
fn without_first(keys: &Counts, tokens: u32) -> Counts {
    let mut counts = Counts::new();
    for &key in keys.keys() {
        *counts.entry(last(key, tokens)).or_default() += 1;
    }
    counts
}

/// Counts by tokens, the last of which is predicted.
#[derive(Clone, Debug)]
struct Order {
    counts: Counts,
    contexts: HashMap<u64, Context>,
    /// Taken off a count of 1, of 2, and of more.
    discounts: [f64; 3],
}

/// What was seen behind some tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Context {
    total: u64,
    /// Different tokens with a count of 1, of 2, and of more.
    kinds: [u32; 3],
}

impl Order {
    fn new(counts: Counts) -> Self {
        let mut contexts: HashMap<u64, Context> = HashMap::new();
        let mut with_count = [0_u64; 4];
        for (&key, &count) in &counts {
            let context = contexts.entry(key >> BITS).or_default();
            context.total += u64::from(count);
            context.kinds[kind(count)] += 1;
            if let Some(number) = with_count.get_mut(count as usize - 1) {
                *number += 1;
            }
        }
        Self { counts, contexts, discounts: discounts(with_count) }
    }

    /// The probability of a key's last token behind the others, where that of the next lower order is `lower`.
    fn probability(&self, key: u64, lower: f64) -> f64 {
        let Some(context) = self.contexts.get(&(key >> BITS)) else { return lower };
        let seen = self.counts.get(&key).map_or(0.0, |&count| f64::from(count) - self.discounts[kind(count)]);
        let pairs = self.discounts.iter().zip(context.kinds);
        let handed_on: f64 = pairs.map(|(discount, kinds)| discount * f64::from(kinds)).sum();
        (seen + handed_on * lower) / context.total as f64
    }
}

/// Which of the discounts is for a count.
fn kind(count: u32) -> usize {
    count.clamp(1, 3) as usize - 1
}

/// Estimated from how many keys have a count of 1, 2, 3 and 4 (Chen & Goodman, 1998, equation 17).
fn discounts(with_count: [u64; 4]) -> [f64; 3] {
    let [n1, n2, n3, n4] = with_count.map(|number| number as f64);
    let y = n1 / (n1 + 2.0 * n2);
    let estimated = [1.0 - 2.0 * y * n2 / n1, 2.0 - 3.0 * y * n3 / n2, 3.0 - 4.0 * y * n4 / n3];
    let sound = estimated.iter().zip(1..).all(|(&d, count)| d > 0.0 && d < f64::from(count));
    if sound { estimated } else { [USUAL_DISCOUNT; 3] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const VOCAB: u32 = 7;

    /// Sequences in which small ids are frequent, and the largest never comes.
    fn sequences(seed: u64, count: usize, longest: usize) -> Vec<Vec<u32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut sequence = || {
            let length = rng.random_range(0..=longest);
            (0..length).map(|_| rng.random_range(0..VOCAB - 1).min(rng.random_range(0..VOCAB - 1))).collect()
        };
        (0..count).map(|_| sequence()).collect()
    }

    fn trained(sequences: &[Vec<u32>]) -> Trigram {
        Trigram::train(sequences.iter().map(Vec::as_slice), VOCAB as usize).unwrap()
    }

    /// By the definition, a search through all triples for every count; `None` is the start.
    fn slow(sequences: &[Vec<u32>], discounts: [[f64; 3]; 3], before: &[u32], id: u32) -> f64 {
        type Triple = [Option<u32>; 3];
        type Counted = (Vec<Option<u32>>, Option<u32>);
        let mut triples: Vec<Triple> = Vec::new();
        let back = |ids: &[u32], n: usize| ids.len().checked_sub(n).map(|at| ids[at]);
        for ids in sequences {
            for at in 1..ids.len() {
                triples.push([back(&ids[..at], 2), back(&ids[..at], 1), Some(ids[at])]);
            }
        }
        let wanted = [back(before, 2), back(before, 1), Some(id)];
        let types: BTreeSet<Triple> = triples.iter().copied().collect();
        let pairs: BTreeSet<[Option<u32>; 2]> = types.iter().map(|t| [t[1], t[2]]).collect();
        // Of each order everything that it counts, as the context and the token.
        let orders: [Vec<Counted>; 3] = [
            pairs.iter().map(|pair| (vec![], pair[1])).collect(),
            types.iter().map(|t| (vec![t[1]], t[2])).collect(),
            triples.iter().map(|t| (vec![t[0], t[1]], t[2])).collect(),
        ];
        let mut p = 1.0 / f64::from(VOCAB);
        for (n, counted) in orders.iter().enumerate() {
            let context = &wanted[2 - n..2];
            let behind: Vec<u32> =
                counted.iter().filter(|(c, _)| c == context).filter_map(|(_, token)| *token).collect();
            if behind.is_empty() {
                continue;
            }
            let (mut seen, mut handed_on) = (0.0, 0.0);
            for token in 0..VOCAB {
                let count = behind.iter().filter(|&&other| other == token).count();
                let discount = if count == 0 { 0.0 } else { discounts[n][count.min(3) - 1] };
                handed_on += discount;
                if token == id {
                    seen = count as f64 - discount;
                }
            }
            p = (seen + handed_on * p) / behind.len() as f64;
        }
        p
    }

    #[track_caller]
    fn check(sequences: &[Vec<u32>]) -> Trigram {
        let trigram = trained(sequences);
        let discounts = trigram.orders.each_ref().map(|order| order.discounts);
        let ids = || 0..VOCAB;
        let mut contexts = vec![vec![]];
        contexts.extend(ids().map(|id| vec![id]));
        contexts.extend(ids().flat_map(|one| ids().map(move |two| vec![one, two])));
        contexts.push(vec![3, 1, 0, 2]);
        for before in contexts {
            let each: Vec<f64> = ids().map(|id| trigram.probability(&before, id)).collect();
            assert!((each.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{before:?} {each:?}");
            assert!(each.iter().all(|&p| p > 0.0), "{before:?} {each:?}");
            for id in ids() {
                let expected = slow(sequences, discounts, &before, id);
                assert!((each[id as usize] - expected).abs() < 1e-12, "{before:?} {id}");
            }
        }
        trigram
    }

    #[test]
    fn probabilities_are_those_of_the_definition_and_sum_up_to_1() {
        for seed in 0..5 {
            check(&sequences(seed, 3, 6));
            check(&sequences(seed, 40, 9));
        }
        check(&[vec![1, 1, 1, 1, 1, 1]]);
        let untrained = check(&[vec![4]]);
        assert_eq!(untrained.probability(&[1, 2], 3), 1.0 / 7.0);
    }

    #[test]
    fn discounts_are_estimated_where_there_are_counts_to() {
        // Y = 0.5: 1 - 2 Y n2 / n1, 2 - 3 Y n3 / n2, 3 - 4 Y n4 / n3.
        assert_eq!(discounts([8, 4, 2, 1]), [0.5, 1.25, 2.0]);
        assert_eq!(discounts([8, 4, 2, 0]), [USUAL_DISCOUNT; 3]);
        assert_eq!(discounts([0; 4]), [USUAL_DISCOUNT; 3]);
    }

    #[test]
    fn what_was_learnt_is_predicted() {
        let cycle: Vec<u32> = (0..300).map(|n| [0, 1, 0, 2][n % 4]).collect();
        let trigram = trained(std::slice::from_ref(&cycle));
        // Behind a 0 the token before it decides.
        assert!(trigram.probability(&[1, 0], 2) > 0.98 && trigram.probability(&[2, 0], 1) > 0.98);
        let (nats, tokens) = trigram.nats_per_token(&[cycle.clone(), vec![6], vec![]], 100).unwrap();
        assert!(nats < 0.05 && tokens == 99, "{nats} {tokens}");
        assert_eq!(trigram.nats_per_token(&[vec![6]], 100), None);
        let perplexity = trigram.perplexity(&[vec![3, 6]], 100).unwrap();
        assert!((perplexity.value * trigram.probability(&[3], 6) - 1.0).abs() < 1e-12);
        assert_eq!(perplexity.tokens, 1);
    }

    #[test]
    fn ids_outside_the_vocabulary_are_refused_and_never_likely() {
        assert!(Trigram::train([[0, 7].as_slice()], 7).is_err());
        assert!(Trigram::train([[0]], 0).is_err() && Trigram::train([[0]], 1 << 21).is_err());
        let trigram = trained(&sequences(1, 40, 9));
        let p = trigram.probability(&[u32::MAX, u32::MAX], u32::MAX);
        assert!(p > 0.0 && p < 1.0 / 7.0, "{p}");
    }
}
