//! A sample of known size from a stream of known length, in memory that does not grow with either.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use toolformer_decode::draw_rng;

/// Algorithm S (Knuth, *The Art of Computer Programming*, volume 2, section 3.4.2): every subset of that size is as likely
/// as the others.
#[derive(Debug)]
pub(super) struct SequentialSample {
    /// What is still to come.
    left: u64,
    /// How many of these are to be taken.
    wanted: u64,
    rng: ChaCha8Rng,
}

impl SequentialSample {
    /// Of `all` things, `wanted`, or all where there are fewer.
    pub(super) fn new(all: u64, wanted: u64, seed: u64) -> Self {
        Self { left: all, wanted: wanted.min(all), rng: draw_rng(seed, &["plain texts"]) }
    }

    /// Whether the next thing is taken.
    pub(super) fn takes_next(&mut self) -> bool {
        if self.wanted == 0 || self.left == 0 {
            return false;
        }
        let taken = self.rng.random_range(0..self.left) < self.wanted;
        self.left -= 1;
        self.wanted -= u64::from(taken);
        taken
    }

    /// How many are still wanted: none when as many things came as there were to be.
    pub(super) fn wanted(&self) -> u64 {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(all: u64, wanted: u64, seed: u64) -> Vec<u64> {
        let mut sample = SequentialSample::new(all, wanted, seed);
        let taken = (0..all).filter(|_| sample.takes_next()).collect();
        assert!(sample.wanted() == 0 && !sample.takes_next());
        taken
    }

    #[test]
    fn as_many_as_wanted_and_all_alike() {
        for (all, wanted) in [(0, 0), (0, 3), (5, 0), (5, 5), (5, 9), (7, 3), (1000, 1)] {
            assert_eq!(sample(all, wanted, 1).len() as u64, wanted.min(all));
        }
        assert_eq!(sample(50, 20, 1), sample(50, 20, 1));
        assert_ne!(sample(50, 20, 1), sample(50, 20, 2));
        // Of the ten pairs of five things each comes up about 400 times in 4,000 draws: 19 is one standard deviation.
        let mut pairs = std::collections::BTreeMap::new();
        (0..4000).for_each(|seed| *pairs.entry(sample(5, 2, seed)).or_insert(0) += 1);
        assert!(pairs.len() == 10 && pairs.values().all(|&times| (300..500).contains(&times)), "{pairs:?}");
    }
}
