//! Sequences that are asked for by their number.

use std::borrow::Cow;

use crate::{length_limits::LengthLimits, token_cache::CachedTokens, training_sequence::TrainingSequence};

/// Sequences that are asked for one at a time, in any order: in memory, or in a file.
pub trait Sequences: Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// One of them, by its number from 0.
    ///
    /// # Panics
    /// If there are not so many.
    fn sequence(&self, number: usize) -> Cow<'_, TrainingSequence>;
}

impl<S: AsRef<[TrainingSequence]> + Sync> Sequences for S {
    fn count(&self) -> usize {
        self.as_ref().len()
    }

    fn sequence(&self, number: usize) -> Cow<'_, TrainingSequence> {
        Cow::Borrowed(&self.as_ref()[number])
    }
}

impl Sequences for CachedTokens {
    fn count(&self) -> usize {
        self.len()
    }

    fn sequence(&self, number: usize) -> Cow<'_, TrainingSequence> {
        Cow::Owned(self.get(number).unwrap_or_else(|| panic!("no sequence {number} of {}", self.len())))
    }
}

/// Sequences of a file as far as limits let them through; where one is left out, there is an empty one.
#[derive(Debug)]
pub struct LimitedSequences {
    /// The file.
    pub tokens: CachedTokens,
    /// The limits.
    pub lengths: LengthLimits,
}

impl LimitedSequences {
    /// How many are left.
    pub fn left(&self) -> usize {
        (0..self.count()).filter(|&number| !self.sequence(number).is_empty()).count()
    }
}

impl Sequences for LimitedSequences {
    fn count(&self) -> usize {
        self.tokens.len()
    }

    fn sequence(&self, number: usize) -> Cow<'_, TrainingSequence> {
        let whole = self.tokens.sequence(number).into_owned();
        Cow::Owned(self.lengths.apply(whole).unwrap_or_default())
    }
}
