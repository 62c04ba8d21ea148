//! Rows by their numbers.

use std::{ops::Range, sync::Arc};

use super::{Dataset, Rows};
use crate::{
    error::DataError,
    row_source::{RowIter, RowSource},
};

impl Dataset {
    /// The rows with these numbers, counted from 0, in this order; of a set in memory.
    ///
    /// # Errors
    /// If there is no such row, or the set is streamed.
    pub fn select(&self, numbers: impl IntoIterator<Item = usize>) -> Result<Self, DataError> {
        let rows = self.memory("selected by number")?;
        let row = |index: usize| rows.get(index).cloned().ok_or(DataError::NoRow { index, rows: rows.len() });
        numbers.into_iter().map(row).collect()
    }

    /// The rows from a number on up to another; those that are not there are left out.
    pub fn range(&self, range: Range<usize>) -> Self {
        match &self.rows {
            Rows::Memory(rows) => {
                let end = range.end.min(rows.len());
                rows[range.start.min(end)..end].iter().cloned().collect()
            }
            Rows::Stream(source) => Self::streamed(Window { source: source.clone(), range }),
        }
    }

    /// The first rows, `rows` of them at most.
    pub fn take(&self, rows: usize) -> Self {
        self.range(0..rows)
    }

    /// All but the first rows.
    pub fn skip(&self, rows: usize) -> Self {
        self.range(rows..usize::MAX)
    }
}

struct Window {
    source: Arc<dyn RowSource>,
    range: Range<usize>,
}

impl RowSource for Window {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let Range { start, end } = self.range;
        // Rows that are passed over may be broken too: their errors are told.
        let rows = self.source.rows()?.enumerate().take(end);
        let wanted = move |(index, row): (usize, _)| match row {
            Ok(_) if index < start => None,
            row => Some(row),
        };
        Ok(Box::new(rows.filter_map(wanted)))
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        let rows = self.source.known_len()?;
        Ok(rows.map(|rows| self.range.end.min(rows).saturating_sub(self.range.start)))
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.known_columns()
    }
}
