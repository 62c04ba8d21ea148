//! Packing by concatenating everything and cutting it.

use std::iter::Fuse;

use super::block::{Block, check};
use crate::{error::DataError, training_sequence::TrainingSequence};

/// What is done with the tokens that fill no whole block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remainder {
    /// They are left out, as in `run_clm.py`.
    #[default]
    Drop,
    /// They make up a last, shorter block.
    Keep,
}

/// Writes documents one behind the other and cuts them every `block_size` tokens, as `group_texts` of transformers'
/// `run_clm.py` does; documents come one at a time, and a block and one document are in memory. Give documents an end token, so
/// that the model sees where one ends.
///
/// The loss is as the documents have it: the first token of a document is predicted from the one before it. Whoever
/// begins attention anew at each start should leave it out.
///
/// # Errors
/// If `block_size` is 0; a document's own errors come in its place.
pub fn concatenate_and_cut<I>(
    documents: I,
    block_size: usize,
    remainder: Remainder,
) -> Result<Concatenated<I::IntoIter>, DataError>
where
    I: IntoIterator<Item = Result<TrainingSequence, DataError>>,
{
    check(block_size)?;
    let documents = documents.into_iter().fuse();
    Ok(Concatenated { documents, block_size, remainder, document: TrainingSequence::default(), given: 0 })
}

/// The blocks of [`concatenate_and_cut`].
#[derive(Debug)]
pub struct Concatenated<I> {
    documents: Fuse<I>,
    block_size: usize,
    remainder: Remainder,
    /// The document that is being cut, and how many of its tokens were given.
    document: TrainingSequence,
    given: usize,
}

impl<I: Iterator<Item = Result<TrainingSequence, DataError>>> Concatenated<I> {
    fn block(&mut self) -> Result<Option<Block>, DataError> {
        let (mut ids, mut in_loss, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        while ids.len() < self.block_size {
            if self.given == self.document.len() {
                match self.documents.next().transpose()? {
                    Some(document) => (self.document, self.given) = (document, 0),
                    None if self.remainder == Remainder::Drop || ids.is_empty() => return Ok(None),
                    None => break,
                }
                continue;
            }
            starts.push(ids.len());
            let end = self.document.len().min(self.given + self.block_size - ids.len());
            ids.extend_from_slice(&self.document.ids()[self.given..end]);
            in_loss.extend((self.given..end).map(|index| self.document.is_in_loss(index)));
            self.given = end;
        }
        Ok(Some(Block { sequence: TrainingSequence::masked(ids, in_loss)?, starts }))
    }
}

impl<I: Iterator<Item = Result<TrainingSequence, DataError>>> Iterator for Concatenated<I> {
    type Item = Result<Block, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.block().transpose()
    }
}
