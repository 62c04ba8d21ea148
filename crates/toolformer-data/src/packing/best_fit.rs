//! Packing by best fit, the longest first.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use super::block::{Block, check};
use crate::{error::DataError, training_sequence::TrainingSequence};

/// A document, or a piece of one that is longer than a block.
struct Piece<'a> {
    document: &'a TrainingSequence,
    range: Range<usize>,
}

/// Packs documents into blocks of `block_size` tokens at most, each document whole in one block (best-fit decreasing: the
/// longest first, each into the fullest block that still takes it; Ding et al., 2024, "Fewer truncations improve language
/// modeling"). Only a document longer than a block is cut, into whole blocks and a rest. Empty documents are left out.
///
/// Documents in a block are strangers to each other: the first token of each is not in the loss, and attention and
/// positions are to begin anew at each start.
///
/// # Errors
/// If `block_size` is 0.
pub fn pack_best_fit(documents: &[TrainingSequence], block_size: usize) -> Result<Vec<Block>, DataError> {
    check(block_size)?;
    let cut = |document| {
        let starts = (0..TrainingSequence::len(document)).step_by(block_size);
        starts.map(move |start| Piece { document, range: start..document.len().min(start + block_size) })
    };
    let mut pieces: Vec<Piece<'_>> = documents.iter().flat_map(cut).collect();
    pieces.sort_by_key(|piece| Reverse(piece.range.len()));

    let mut blocks: Vec<Vec<Piece<'_>>> = Vec::new();
    // Blocks by the room that is left in them.
    let mut by_room: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for piece in pieces {
        let len = piece.range.len();
        let fitting = by_room.range_mut(len..).next();
        let found = fitting.and_then(|(&room, blocks)| Some((room, blocks.pop()?, blocks.is_empty())));
        let (room, block) = match found {
            Some((room, block, was_last)) => {
                if was_last {
                    by_room.remove(&room);
                }
                (room, block)
            }
            None => {
                blocks.push(Vec::new());
                (block_size, blocks.len() - 1)
            }
        };
        blocks[block].push(piece);
        if room > len {
            by_room.entry(room - len).or_default().push(block);
        }
    }
    blocks.iter().map(|pieces| joined(pieces)).collect()
}

fn joined(pieces: &[Piece<'_>]) -> Result<Block, DataError> {
    let (mut ids, mut in_loss, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for Piece { document, range } in pieces {
        starts.push(ids.len());
        ids.extend_from_slice(&document.ids()[range.clone()]);
        in_loss.extend(range.clone().map(|index| index != range.start && document.is_in_loss(index)));
    }
    Ok(Block { sequence: TrainingSequence::masked(ids, in_loss)?, starts })
}
