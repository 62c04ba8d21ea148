//! The rows of a Parquet file, as JSON objects, one a line.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use arrow_json::{WriterBuilder, writer::LineDelimited};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::TrainError;

/// Rows that are unpacked together.
const ROWS: usize = 64;

/// Reads as the JSONL that the rows are, with columns as fields.
pub(super) struct ParquetRows {
    batches: ParquetRecordBatchReader,
    lines: io::Cursor<Vec<u8>>,
}

impl ParquetRows {
    /// `path` is only named in errors.
    pub(super) fn open(file: File, path: &Path) -> Result<Self, TrainError> {
        let wrong = |why: String| TrainError::Texts { path: path.to_owned(), line: 0, why };
        let damaged = |error| wrong(format!("is no Parquet file that can be read: {error}"));
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        if builder.schema().field_with_name("text").is_err() {
            let columns: Vec<&str> =
                builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
            return Err(wrong(format!(
                "has no column `text`, only {}; give a file whose texts are in one of this name",
                columns.join(", ")
            )));
        }
        let batches = builder.with_batch_size(ROWS).build().map_err(damaged)?;
        Ok(Self { batches, lines: io::Cursor::default() })
    }

    fn next_lines(&mut self) -> io::Result<bool> {
        let Some(batch) = self.batches.next() else { return Ok(false) };
        let mut lines = std::mem::take(self.lines.get_mut());
        lines.clear();
        // With its nulls, so that a text that is null is not one that is missing.
        let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(lines);
        writer.write(&batch.map_err(io::Error::other)?).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)?;
        self.lines = io::Cursor::new(writer.into_inner());
        Ok(true)
    }
}

impl Read for ParquetRows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.lines.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.next_lines()? {
                return Ok(read);
            }
        }
    }
}
