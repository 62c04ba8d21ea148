//! Reads a file of tokens.

use std::{fmt, fs::File, ops::Range, path::Path};

use memmap2::Mmap;
use sha2::{Digest as _, Sha256};

use super::{
    ContentKey,
    layout::{CHECKSUM, HEADER, ID, MAGIC, NUMBER},
};
use crate::training_sequence::TrainingSequence;

/// Sequences in a file, which is mapped into memory: what is asked for is read, in any order.
pub struct CachedTokens {
    file: Mmap,
    sequences: usize,
    is_new: bool,
}

impl CachedTokens {
    /// Looks through the whole file once. None if it is not there, or not as it was written, or not for this key.
    pub(super) fn open(path: &Path, key: &ContentKey, is_new: bool) -> Option<Self> {
        let file = map(path)?;
        let (content, checksum) = file.split_at_checked(file.len().checked_sub(CHECKSUM)?)?;
        let header = [&MAGIC[..], key.bytes()].concat();
        if !content.starts_with(&header) || Sha256::digest(content).as_slice() != checksum {
            return None;
        }
        let sequences = number(content, content.len().checked_sub(NUMBER)?)?;
        let tokens = Self { file, sequences, is_new };
        // From here on all is as our writer left it.
        (tokens.table()? >= HEADER).then_some(tokens)
    }

    /// Whether the file was made just now.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Sequences.
    pub fn len(&self) -> usize {
        self.sequences
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.sequences == 0
    }

    /// The sequence of a row, by its number from 0.
    pub fn get(&self, index: usize) -> Option<TrainingSequence> {
        let bytes = self.file.get(self.place(index)?)?;
        let (&[is_masked], bytes) = bytes.split_first_chunk()?;
        let tokens = bytes.len() / (ID + usize::from(is_masked));
        let (ids, in_loss) = bytes.split_at_checked(tokens * ID)?;
        let ids = ids.as_chunks().0.iter().map(|&id| u32::from_le_bytes(id)).collect();
        if is_masked == 0 {
            return Some(TrainingSequence::from(ids));
        }
        TrainingSequence::masked(ids, in_loss.iter().map(|&in_loss| in_loss != 0).collect()).ok()
    }

    /// All sequences in the order of their rows, one at a time.
    pub fn iter(&self) -> impl Iterator<Item = TrainingSequence> + '_ {
        (0..self.sequences).filter_map(|index| self.get(index))
    }

    /// Where the table of the sequences' beginnings is.
    fn table(&self) -> Option<usize> {
        let behind = self.file.len().checked_sub(CHECKSUM + NUMBER)?;
        behind.checked_sub(self.sequences.checked_mul(NUMBER)?)
    }

    fn place(&self, index: usize) -> Option<Range<usize>> {
        let table = self.table()?;
        let begin = |index: usize| match index {
            _ if index == self.sequences => Some(table),
            _ => number(&self.file, table + index * NUMBER),
        };
        (index < self.sequences).then(|| Some(begin(index)?..begin(index + 1)?)).flatten()
    }
}

impl fmt::Debug for CachedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CachedTokens({} sequences)", self.sequences)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u64::from_le_bytes(*number)).ok()
}

fn map(path: &Path) -> Option<Mmap> {
    let file = File::open(path).ok()?;
    #[expect(
        unsafe_code,
        reason = "mapping a file of the cache, which is replaced as a whole and never written in place"
    )]
    unsafe { Mmap::map(&file) }.ok()
}
