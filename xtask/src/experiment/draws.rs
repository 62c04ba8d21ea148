//! Draws that depend on a seed and a number alone.

use sha2::{Digest as _, Sha256};

/// The draws of one text, one after another.
pub(super) struct Draws {
    seed: u64,
    number: u64,
    drawn: u64,
}

impl Draws {
    pub(super) fn new(seed: u64, number: usize) -> Self {
        Self { seed, number: number as u64, drawn: 0 }
    }

    /// Below `end`, which is small.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let Self { seed, number, drawn } = *self;
        self.drawn += 1;
        let parts = [seed, number, drawn].map(u64::to_le_bytes).concat();
        let digest = Sha256::digest(&parts);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        (u64::from_le_bytes(first) % end as u64) as usize
    }

    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
