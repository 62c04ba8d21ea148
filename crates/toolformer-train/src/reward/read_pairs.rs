//! Pairs from rows.

use serde_json::Value;
use toolformer_data::{DataError, Dataset, Row, RowSource as _};

use super::PreferencePair;
use crate::error::TrainError;

/// Reads pairs from the rows of a set, which errors call `source`.
///
/// # Errors
/// If a row cannot be read, or is no pair.
pub fn read_pairs(rows: &Dataset, source: &str) -> Result<Vec<PreferencePair>, TrainError> {
    let pair = |(number, row): (usize, Result<Row, DataError>)| {
        serde_json::from_value(Value::Object(row?)).map_err(|error| TrainError::Texts {
            path: source.into(),
            line: 0,
            why: format!("has a row, the {}. with data, that is no pair: {error}", number + 1),
        })
    };
    rows.rows()?.enumerate().map(pair).collect()
}
