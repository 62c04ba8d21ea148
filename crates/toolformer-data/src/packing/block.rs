//! A block of documents.

use std::ops::Range;

use crate::training_sequence::TrainingSequence;

/// Documents, or pieces of such, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub(super) sequence: TrainingSequence,
    pub(super) starts: Vec<usize>,
}

impl Block {
    /// The tokens, which [`Padding::batch`](crate::Padding::batch) makes a row of.
    pub fn sequence(&self) -> &TrainingSequence {
        &self.sequence
    }

    /// Where its documents begin; the first at 0, also where it is the rest of one that began in an earlier block.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The tokens of each document: those that attention may look at from any of them.
    pub fn documents(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = self.starts.iter().skip(1).copied().chain([self.sequence.len()]);
        self.starts.iter().copied().zip(ends).map(|(start, end)| start..end)
    }

    /// The place of each token in its document.
    ///
    /// # Shapes
    /// - returns `[tokens]`
    pub fn positions(&self) -> Vec<usize> {
        self.documents().flat_map(|document| 0..document.len()).collect()
    }

    /// The number of each token's document in the block, from 0.
    ///
    /// # Shapes
    /// - returns `[tokens]`
    pub fn document_of_token(&self) -> Vec<usize> {
        let of = |(index, document): (usize, Range<usize>)| std::iter::repeat_n(index, document.len());
        self.documents().enumerate().flat_map(of).collect()
    }
}

/// Blocks have tokens.
pub(super) fn check(block_size: usize) -> Result<(), crate::DataError> {
    match block_size {
        0 => Err(crate::DataError::setting("block size", "0 holds no token; give 2 or more")),
        _ => Ok(()),
    }
}
