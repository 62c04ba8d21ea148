//! JSON objects, one a line.

use std::{io::BufRead, path::PathBuf};

use super::lines::Lines;
use crate::{error::DataError, row_source::Row};

/// The rows of JSONL; blank lines are none.
pub(crate) struct JsonlRows<R> {
    lines: Lines<R>,
}

impl<R: BufRead> JsonlRows<R> {
    /// `path` is only named in errors.
    pub(crate) fn new(reader: R, path: PathBuf) -> Self {
        Self { lines: Lines::new(reader, path) }
    }

    fn parse(&self, line: &str) -> Result<Row, DataError> {
        serde_json::from_str(line).map_err(|error| {
            let advice = "give one object a line; one array of objects belongs into a .json file";
            self.lines.wrong(format!("is not a JSON object ({error}); {advice}"))
        })
    }
}

impl<R: BufRead> Iterator for JsonlRows<R> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            match line {
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => return Some(self.parse(line.strip_prefix('\u{feff}').unwrap_or(&line))),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
