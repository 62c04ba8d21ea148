//! Whose turn it is when sets are mixed.

use rand::{SeedableRng as _, distr::Distribution as _, distr::weighted::WeightedIndex};
use rand_chacha::ChaCha8Rng;

use crate::error::DataError;

/// When a mix of sets ends, as in `datasets.interleave_datasets`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoppingStrategy {
    /// When the first set has no rows left.
    #[default]
    FirstExhausted,
    /// When every row came at least once: a set that has no rows left starts again.
    AllExhausted,
    /// When every row came exactly once: a set that has no rows left has no turns any more.
    AllExhaustedWithoutReplacement,
}

/// Says whose turn it is, and is told which sets have no rows left.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    order: Order,
    strategy: StoppingStrategy,
    /// Of each set, whether all of its rows came at least once.
    exhausted: Vec<bool>,
    /// Of each set, whether it has no turns any more.
    out: Vec<bool>,
}

#[derive(Clone, Debug)]
enum Order {
    InTurn { next: usize },
    Drawn { by_weight: WeightedIndex<f64>, rng: Box<ChaCha8Rng> },
}

impl Turns {
    /// In turn, or drawn by weights.
    pub(super) fn new(
        sets: usize,
        weights: Option<&[f64]>,
        seed: u64,
        strategy: StoppingStrategy,
    ) -> Result<Self, DataError> {
        let order = match weights {
            None => Order::InTurn { next: 0 },
            Some(weights) if weights.len() != sets => {
                let why = format!("{} for {sets} sets; give one for each", weights.len());
                return Err(DataError::setting("weights", why));
            }
            Some(weights) => {
                // With a weight of zero, a set would never be exhausted.
                let fits = |weight: &f64| weight.is_finite() && *weight > 0.0;
                let by_weight = WeightedIndex::new(weights).ok().filter(|_| weights.iter().all(fits));
                let why = "each has to be a finite number above 0; leave a set out instead of giving it 0";
                let by_weight = by_weight.ok_or_else(|| DataError::setting("weights", why))?;
                Order::Drawn { by_weight, rng: Box::new(ChaCha8Rng::seed_from_u64(seed)) }
            }
        };
        Ok(Self { order, strategy, exhausted: vec![false; sets], out: vec![false; sets] })
    }

    /// The set whose turn it is; none at the end.
    pub(super) fn next(&mut self) -> Option<usize> {
        loop {
            if self.is_over() {
                return None;
            }
            let set = match &mut self.order {
                Order::InTurn { next } => {
                    let set = *next;
                    *next = (set + 1) % self.out.len();
                    set
                }
                Order::Drawn { by_weight, rng } => by_weight.sample(rng),
            };
            if !self.out[set] {
                return Some(set);
            }
        }
    }

    fn is_over(&self) -> bool {
        // Who is served in turn is served to the end of the round.
        let in_round = matches!(self.order, Order::InTurn { next } if next != 0);
        match self.strategy {
            _ if self.out.iter().all(|&out| out) => true,
            StoppingStrategy::FirstExhausted => !in_round && self.exhausted.contains(&true),
            StoppingStrategy::AllExhausted => !in_round && !self.exhausted.contains(&false),
            StoppingStrategy::AllExhaustedWithoutReplacement => !self.exhausted.contains(&false),
        }
    }

    /// A set has no rows left. Whether it is to start again.
    pub(super) fn ran_out(&mut self, set: usize) -> bool {
        self.exhausted[set] = true;
        self.out[set] |= self.strategy == StoppingStrategy::AllExhaustedWithoutReplacement;
        self.strategy == StoppingStrategy::AllExhausted
    }

    /// A set has no rows at all.
    pub(super) fn is_empty(&mut self, set: usize) {
        self.exhausted[set] = true;
        self.out[set] = true;
    }
}
