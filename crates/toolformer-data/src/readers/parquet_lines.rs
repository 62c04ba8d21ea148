//! The rows of a Parquet file, as JSON objects, one a line.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use arrow_json::{WriterBuilder, writer::LineDelimited};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::DataError;

/// Rows that are unpacked together.
const ROWS: usize = 64;

/// Reads as the JSONL that the rows of a Parquet file are, with columns as fields, also those that are null.
pub struct ParquetLines {
    batches: ParquetRecordBatchReader,
    columns: Vec<String>,
    rows: usize,
    lines: io::Cursor<Vec<u8>>,
}

impl ParquetLines {
    /// Opens a file and reads what it says of itself.
    ///
    /// # Errors
    /// If it cannot be opened or is no Parquet; without the feature `parquet`, always.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::read(path))?;
        let damaged =
            |error| DataError::file(path, 0, format!("is no Parquet file that can be read: {error}"));
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let columns = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let batches = builder.with_batch_size(ROWS).build().map_err(damaged)?;
        Ok(Self { batches, columns, rows, lines: io::Cursor::default() })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows the file says that it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn next_lines(&mut self) -> io::Result<bool> {
        let Some(batch) = self.batches.next() else { return Ok(false) };
        let mut lines = std::mem::take(self.lines.get_mut());
        lines.clear();
        // With its nulls, so that a value that is null is not one that is missing.
        let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(lines);
        writer.write(&batch.map_err(io::Error::other)?).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)?;
        self.lines = io::Cursor::new(writer.into_inner());
        Ok(true)
    }
}

impl Read for ParquetLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.lines.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.next_lines()? {
                return Ok(read);
            }
        }
    }
}
