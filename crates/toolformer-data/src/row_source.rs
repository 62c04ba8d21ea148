//! Where rows come from.

use serde_json::{Map, Value};

use crate::error::DataError;

/// A row: its columns by their names, in their order.
pub type Row = Map<String, Value>;

/// Rows, one after the other.
pub type RowIter<'a> = Box<dyn Iterator<Item = Result<Row, DataError>> + Send + 'a>;

/// Where rows come from. They are never held all at once: whoever needs them again reads them again.
///
/// ```
/// use toolformer_data::{DataError, Dataset, RowIter, RowSource};
///
/// /// A row for every number.
/// struct Squares(u64);
///
/// impl RowSource for Squares {
///     fn rows(&self) -> Result<RowIter<'_>, DataError> {
///         let row = |n: u64| [("n", n), ("squared", n * n)].map(|(name, n)| (name.to_owned(), n.into()));
///         Ok(Box::new((0..self.0).map(move |n| Ok(row(n).into_iter().collect()))))
///     }
/// }
///
/// let squares = Dataset::streamed(Squares(4)).filter(|row| row["squared"].as_u64() > Some(1))?;
/// assert_eq!(squares.count()?, 2);
/// assert_eq!(squares.column_names()?, ["n", "squared"]);
/// # Ok::<(), DataError>(())
/// ```
pub trait RowSource: Send + Sync {
    /// All rows from the first on: the same ones, however often it is called.
    ///
    /// # Errors
    /// If they cannot be read; so may each row.
    fn rows(&self) -> Result<RowIter<'_>, DataError>;

    /// How many rows there are, where that is known without going through them.
    ///
    /// # Errors
    /// If it stands in a file that cannot be read.
    fn known_len(&self) -> Result<Option<usize>, DataError> {
        Ok(None)
    }

    /// The names of the columns, where they are known without going through the rows.
    ///
    /// # Errors
    /// If they stand in a file that cannot be read.
    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(None)
    }
}
