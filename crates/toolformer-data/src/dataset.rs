//! A set of rows.

mod columns;
mod combine;
mod interleave;
mod map;
mod select;
mod shuffle;
mod train_test;
mod turns;

use std::{fmt, io::BufRead, path::Path, sync::Arc};

pub use self::{interleave::Interleave, train_test::SplitSize, turns::StoppingStrategy};
use crate::{
    data_files::data_files,
    error::DataError,
    file_rows::FileRows,
    read_settings::ReadSettings,
    readers::JsonlRows,
    row_source::{Row, RowIter, RowSource},
    whole_file::write_whole,
};

/// Rows whose columns stand for those of a streamed set that does not know them.
const ROWS_FOR_COLUMNS: usize = 100;

/// A set of rows: in memory, or streamed from a [`RowSource`] whenever they are gone through.
///
/// What is done with a set in memory is done at once and gives a set in memory, as with `datasets.Dataset`; rows that
/// stay as they are are shared. What is done with a streamed one is done as its rows come, as with
/// `datasets.IterableDataset`. A function that is handed in has to do the same each time, so that a set has the same
/// rows however often it is gone through. A row need not have all columns; one that is missing is as if it was null.
#[derive(Clone)]
pub struct Dataset {
    rows: Rows,
}

#[derive(Clone)]
enum Rows {
    Memory(Arc<[Arc<Row>]>),
    Stream(Arc<dyn RowSource>),
}

impl FromIterator<Row> for Dataset {
    /// In memory.
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        rows.into_iter().map(Arc::new).collect()
    }
}

impl FromIterator<Arc<Row>> for Dataset {
    /// In memory.
    fn from_iter<I: IntoIterator<Item = Arc<Row>>>(rows: I) -> Self {
        Self { rows: Rows::Memory(rows.into_iter().collect()) }
    }
}

impl Dataset {
    /// The rows of a source, as they are asked for.
    pub fn streamed(source: impl RowSource + 'static) -> Self {
        Self { rows: Rows::Stream(Arc::new(source)) }
    }

    /// The rows of files, streamed: of one, of all in a folder, or of those that match a pattern
    /// ([`data_files`]).
    ///
    /// # Errors
    /// If there is no such file, or its name does not say what it is.
    pub fn open(what: &str, settings: &ReadSettings) -> Result<Self, DataError> {
        Ok(Self::streamed(FileRows::new(data_files(what)?, settings.clone())?))
    }

    /// The objects of JSONL that can be read once, such as standard input: in memory. `named` is what errors call it.
    ///
    /// # Errors
    /// If it cannot be read, or a line is no object.
    pub fn read_jsonl(content: impl BufRead, named: &Path) -> Result<Self, DataError> {
        JsonlRows::new(content, named.to_owned()).collect()
    }

    /// The same rows in memory.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn in_memory(&self) -> Result<Self, DataError> {
        match &self.rows {
            Rows::Memory(_) => Ok(self.clone()),
            Rows::Stream(source) => source.rows()?.collect(),
        }
    }

    /// Whether all rows are in memory.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.rows, Rows::Memory(_))
    }

    /// A row by its number, of a set in memory.
    ///
    /// # Errors
    /// If there is no such row, or the set is streamed.
    pub fn row(&self, index: usize) -> Result<&Row, DataError> {
        let rows = self.memory("looked up by number")?;
        rows.get(index).map(|row| &**row).ok_or(DataError::NoRow { index, rows: rows.len() })
    }

    fn memory(&self, what: &'static str) -> Result<&[Arc<Row>], DataError> {
        match &self.rows {
            Rows::Memory(rows) => Ok(rows),
            Rows::Stream(_) => Err(DataError::Streamed { what }),
        }
    }

    /// How many rows there are; a streamed set that does not know it is gone through.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn count(&self) -> Result<usize, DataError> {
        match self.known_len()? {
            Some(rows) => Ok(rows),
            None => self.rows()?.try_fold(0, |count, row| row.map(|_| count + 1)),
        }
    }

    /// The names of the columns. Of a streamed set that does not know them, such as JSON's, those of the first 100 rows.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn column_names(&self) -> Result<Vec<String>, DataError> {
        if let Rows::Stream(source) = &self.rows
            && let Some(known) = source.known_columns()?
        {
            return Ok(known);
        }
        let mut names = ColumnNames::default();
        match &self.rows {
            Rows::Memory(rows) => rows.iter().for_each(|row| names.add(row.keys())),
            Rows::Stream(source) => {
                for row in source.rows()?.take(ROWS_FOR_COLUMNS) {
                    names.add(row?.keys());
                }
            }
        }
        Ok(names.0)
    }

    /// Writes all rows as JSONL: the file is there whole, or stays as it was.
    ///
    /// # Errors
    /// If a row cannot be read, or the file not be written.
    pub fn write_jsonl(&self, path: &Path) -> Result<(), DataError> {
        write_whole(path, |out| {
            for row in self.rows()? {
                let row = row?;
                serde_json::to_writer(&mut *out, &row)
                    .map_err(|error| DataError::write(path)(error.into()))?;
                std::io::Write::write_all(out, b"\n").map_err(DataError::write(path))?;
            }
            Ok(())
        })
    }
}

impl RowSource for Dataset {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        match &self.rows {
            Rows::Memory(rows) => Ok(Box::new(rows.iter().map(|row| Ok((**row).clone())))),
            Rows::Stream(source) => source.rows(),
        }
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        match &self.rows {
            Rows::Memory(rows) => Ok(Some(rows.len())),
            Rows::Stream(source) => source.known_len(),
        }
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        match &self.rows {
            Rows::Memory(_) => self.column_names().map(Some),
            Rows::Stream(source) => source.known_columns(),
        }
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rows {
            Rows::Memory(rows) => write!(f, "Dataset({} rows in memory)", rows.len()),
            Rows::Stream(_) => f.write_str("Dataset(streamed)"),
        }
    }
}

/// Names in the order in which they were met, each once.
#[derive(Default)]
struct ColumnNames(Vec<String>);

impl ColumnNames {
    fn add<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            if !self.0.contains(name) {
                self.0.push(name.clone());
            }
        }
    }
}
