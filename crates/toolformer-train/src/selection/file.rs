//! Selecting the texts of a file.

use std::{
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use super::heuristic::Selection;
use crate::{error::TrainError, texts::text_lines, whole_file::write_whole};

/// Writes the lines of a JSONL file that hold a text which `selection` takes to another one, byte for byte (of a Parquet
/// file the rows, as JSON); a `.gz` is packed. Only one line is in memory at a time, so equal ids are not noticed.
///
/// # Errors
/// If a file cannot be read or written, `from` is plain text, or a line is no object with a `text`.
pub fn select_texts(from: &Path, to: &Path, selection: &mut Selection) -> Result<(), TrainError> {
    let mut lines = text_lines(from)?;
    // What is wrong with a text ends the writing, as an error of its kind.
    let mut wrong = None;
    let is_packed = to.extension().is_some_and(|extension| extension == "gz");
    let written = write_whole(to, |file| {
        let mut copy = |out: &mut dyn Write| -> io::Result<()> {
            while let Some(read) = lines.next_text() {
                match read {
                    Ok((text, line)) if selection.takes(&text) => {
                        out.write_all(line.as_bytes())?;
                        out.write_all(b"\n")?;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        wrong = Some(error);
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                }
            }
            Ok(())
        };
        if is_packed {
            let mut packed = GzEncoder::new(file, Compression::default());
            copy(&mut packed)?;
            packed.finish().map(|_| ())
        } else {
            copy(file)
        }
    });
    wrong.map_or(written, Err)
}
