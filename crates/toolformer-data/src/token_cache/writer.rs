//! Writes a file of tokens.

use std::{
    io::{self, Write},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::{ContentKey, layout::MAGIC};
use crate::{error::DataError, training_sequence::TrainingSequence, whole_file::write_whole};

/// Takes a sequence to be written.
pub type SequenceSink<'a> = dyn FnMut(&TrainingSequence) -> Result<(), DataError> + 'a;

/// Writes a file whole: the sequences that `give` hands to its sink.
pub(super) fn write(
    path: &Path,
    key: &ContentKey,
    give: impl FnOnce(&mut SequenceSink<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    write_whole(path, |out| {
        let wrong = || DataError::write(path);
        let mut out = Hashed { out, hash: Sha256::new(), written: 0 };
        let mut starts: Vec<u64> = Vec::new();
        out.write_all(&MAGIC).and_then(|()| out.write_all(key.bytes())).map_err(wrong())?;
        give(&mut |sequence| {
            starts.push(out.written);
            write_sequence(&mut out, sequence).map_err(wrong())
        })?;
        let count = starts.len() as u64;
        for number in starts.iter().chain([&count]) {
            out.write_all(&number.to_le_bytes()).map_err(wrong())?;
        }
        let checksum = out.hash.finalize();
        out.out.write_all(&checksum).map_err(wrong())
    })
}

fn write_sequence(out: &mut impl Write, sequence: &TrainingSequence) -> io::Result<()> {
    out.write_all(&[u8::from(sequence.in_loss().is_some())])?;
    for id in sequence.ids() {
        out.write_all(&id.to_le_bytes())?;
    }
    for &in_loss in sequence.in_loss().into_iter().flatten() {
        out.write_all(&[u8::from(in_loss)])?;
    }
    Ok(())
}

/// Hashes and counts what it writes.
struct Hashed<W> {
    out: W,
    hash: Sha256,
    written: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
