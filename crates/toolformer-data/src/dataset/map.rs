//! Rows changed, and rows left out.

use std::sync::Arc;

use super::{Dataset, Rows};
use crate::{
    error::DataError,
    row_source::{Row, RowIter, RowSource},
};

impl Dataset {
    /// Every row, changed. What the function cannot do with, it refuses ([`DataError::refused`]).
    ///
    /// # Errors
    /// What the function gives, with the row's number: at once in memory, else when the row is read.
    pub fn map<F>(&self, change: F) -> Result<Self, DataError>
    where
        F: Fn(Row) -> Result<Row, DataError> + Send + Sync + 'static,
    {
        match &self.rows {
            Rows::Memory(rows) => {
                let changed = rows
                    .iter()
                    .enumerate()
                    .map(|(index, row)| change((**row).clone()).map_err(DataError::at_row(index)));
                changed.collect()
            }
            Rows::Stream(source) => Ok(Self::streamed(Mapped { source: source.clone(), change })),
        }
    }

    /// The rows for which the function says true.
    ///
    /// # Errors
    /// None of its own; a streamed set's come with its rows.
    pub fn filter<F>(&self, keep: F) -> Result<Self, DataError>
    where
        F: Fn(&Row) -> bool + Send + Sync + 'static,
    {
        Ok(match &self.rows {
            Rows::Memory(rows) => rows.iter().filter(|row| keep(row)).cloned().collect(),
            Rows::Stream(source) => Self::streamed(Filtered { source: source.clone(), keep }),
        })
    }
}

struct Mapped<F> {
    source: Arc<dyn RowSource>,
    change: F,
}

impl<F: Fn(Row) -> Result<Row, DataError> + Send + Sync> RowSource for Mapped<F> {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let rows = self.source.rows()?.enumerate();
        Ok(Box::new(rows.map(|(index, row)| (self.change)(row?).map_err(DataError::at_row(index)))))
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        self.source.known_len()
    }
}

struct Filtered<F> {
    source: Arc<dyn RowSource>,
    keep: F,
}

impl<F: Fn(&Row) -> bool + Send + Sync> RowSource for Filtered<F> {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        Ok(Box::new(self.source.rows()?.filter(|row| row.as_ref().map_or(true, &self.keep))))
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.known_columns()
    }
}
