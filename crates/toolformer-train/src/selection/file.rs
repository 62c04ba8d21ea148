//! Selecting the texts of a file.

use std::{io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

use super::heuristic::Selection;
use crate::{error::TrainError, texts::text_lines, whole_file::try_write_whole};

/// Writes the lines of a JSONL file that hold a text which `selection` takes to another one, byte for byte (of a Parquet
/// file the rows, as JSON); a `.gz` is packed. Only one line is in memory at a time, so equal ids are not noticed.
///
/// # Errors
/// If a file cannot be read or written, `from` is plain text, or a line is no object with a `text`.
pub fn select_texts(from: &Path, to: &Path, selection: &mut Selection) -> Result<(), TrainError> {
    let mut lines = text_lines(from)?;
    let is_packed = to.extension().is_some_and(|extension| extension == "gz");
    try_write_whole(to, |file| {
        let mut copy = |out: &mut dyn Write| {
            while let Some(read) = lines.next_text() {
                let (text, line) = read?;
                if selection.takes(&text) {
                    out.write_all(line.as_bytes())
                        .and_then(|()| out.write_all(b"\n"))
                        .map_err(TrainError::write(to))?;
                }
            }
            Ok(())
        };
        if is_packed {
            let mut packed = GzEncoder::new(file, Compression::default());
            copy(&mut packed)?;
            packed.finish().map(|_| ()).map_err(TrainError::write(to))
        } else {
            copy(file)
        }
    })
}
