//! Rows that are looked at as they are read, so that an error names their own set.

use toolformer::data::{DataError, Dataset, Row, RowIter, RowSource};

/// The fields of a row that hold anything, for messages.
pub(crate) fn fields_there(row: &Row) -> String {
    let there = row.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str());
    there.collect::<Vec<_>>().join(", ")
}

/// The rows of a set; one that is not as it should be is an error with the set's name.
pub(crate) struct CheckedRows<F> {
    pub(crate) rows: Dataset,
    /// What errors call the set.
    pub(crate) source: String,
    /// What is wrong with a row.
    pub(crate) check: F,
}

impl<F: Fn(&Row) -> Result<(), String> + Send + Sync> RowSource for CheckedRows<F> {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        Ok(Box::new(self.rows.rows()?.enumerate().map(|(number, row)| {
            let row = row?;
            let wrong = |why| DataError::refused(format!("the {}. row of {} {why}", number + 1, self.source));
            (self.check)(&row).map_err(wrong)?;
            Ok(row)
        })))
    }
}
