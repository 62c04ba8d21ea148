//! Sets one behind the other.

use super::{ColumnNames, Dataset, Rows};
use crate::{
    error::DataError,
    row_source::{RowIter, RowSource},
};

impl Dataset {
    /// The rows of sets, one set behind the other; in memory if all are.
    pub fn concatenate(sets: &[Self]) -> Self {
        match in_memory(sets) {
            Some(rows) => rows.into_iter().flatten().cloned().collect(),
            None => Self::streamed(Concatenated(sets.to_vec())),
        }
    }
}

/// The rows of each set, if all are in memory.
pub(super) fn in_memory(sets: &[Dataset]) -> Option<Vec<&[std::sync::Arc<crate::Row>]>> {
    let rows = sets.iter().map(|set| match &set.rows {
        Rows::Memory(rows) => Some(&**rows),
        Rows::Stream(_) => None,
    });
    rows.collect()
}

/// The columns of all sets together.
pub(super) fn all_columns(sets: &[Dataset]) -> Result<Vec<String>, DataError> {
    let mut names = ColumnNames::default();
    for set in sets {
        names.add(&set.column_names()?);
    }
    Ok(names.0)
}

struct Concatenated(Vec<Dataset>);

impl RowSource for Concatenated {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let sets = self.0.iter().map(RowSource::rows);
        Ok(Box::new(sets.flat_map(|rows| match rows {
            Ok(rows) => rows,
            Err(error) => Box::new(std::iter::once(Err(error))),
        })))
    }

    fn known_len(&self) -> Result<Option<usize>, DataError> {
        let mut all = Some(0);
        for set in &self.0 {
            all = all.zip(set.known_len()?).map(|(all, rows)| all + rows);
        }
        Ok(all)
    }

    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        all_columns(&self.0).map(Some)
    }
}
