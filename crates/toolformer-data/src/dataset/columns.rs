//! Columns renamed, left out and put in order.

use super::Dataset;
use crate::{error::DataError, row_source::Row};

impl Dataset {
    /// With a column under another name, in its place.
    ///
    /// # Errors
    /// If there is no such column, or one of the new name.
    pub fn rename_column(&self, from: &str, to: &str) -> Result<Self, DataError> {
        let known = self.known(&[from])?;
        if from != to && known.iter().any(|name| name == to) {
            return Err(DataError::SameColumn { column: to.to_owned() });
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        self.map(move |row| {
            let renamed = |(name, value)| (if name == from { to.clone() } else { name }, value);
            Ok(row.into_iter().map(renamed).collect())
        })
    }

    /// Without some columns.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn remove_columns(&self, columns: &[&str]) -> Result<Self, DataError> {
        self.known(columns)?;
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        self.map(move |mut row| {
            row.retain(|name, _| !columns.contains(name));
            Ok(row)
        })
    }

    /// With these columns alone, in this order.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn select_columns(&self, columns: &[&str]) -> Result<Self, DataError> {
        self.known(columns)?;
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        self.map(move |mut row| {
            let value = |name: &String| Some((name.clone(), row.remove(name)?));
            Ok(columns.iter().filter_map(value).collect::<Row>())
        })
    }

    /// All columns, if those asked for are among them.
    fn known(&self, asked: &[&str]) -> Result<Vec<String>, DataError> {
        let known = self.column_names()?;
        match asked.iter().find(|&&column| !known.iter().any(|name| name == column)) {
            Some(&column) => Err(DataError::UnknownColumn { column: column.to_owned(), known }),
            None => Ok(known),
        }
    }
}
