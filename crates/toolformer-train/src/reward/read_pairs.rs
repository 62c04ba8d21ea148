//! Pairs from files.

use std::path::Path;

use serde_json::Value;
use toolformer_data::{DataError, FileRows, ReadSettings, Row, RowSource as _};

use super::PreferencePair;
use crate::error::TrainError;

/// Reads pairs from JSONL, JSON or Parquet, as the name of the file says.
///
/// # Errors
/// If the file cannot be read, or a row is no pair.
pub fn read_pairs(path: &Path) -> Result<Vec<PreferencePair>, TrainError> {
    let rows = FileRows::new(vec![path.to_owned()], ReadSettings::default())?;
    let pair = |(number, row): (usize, Result<Row, DataError>)| {
        serde_json::from_value(Value::Object(row?)).map_err(|error| TrainError::Texts {
            path: path.to_owned(),
            line: 0,
            why: format!("has a row, the {}. with data, that is no pair: {error}", number + 1),
        })
    };
    rows.rows()?.enumerate().map(pair).collect()
}
