//! Tables of separated cells, with a header.

use std::{
    io::BufRead as _,
    path::{Path, PathBuf},
};

use csv::{Reader, ReaderBuilder, StringRecord, Trim};
use serde_json::Value;

use super::{
    content::{Content, open_unpacked},
    csv_types::ColumnType,
};
use crate::{error::DataError, read_settings::CsvTypes, row_source::Row};

/// The rows of a table.
pub(crate) struct CsvRows {
    reader: Reader<Content>,
    path: PathBuf,
    columns: Vec<String>,
    /// None where every cell is a text.
    types: Option<Vec<ColumnType>>,
    record: StringRecord,
}

impl CsvRows {
    /// With [`CsvTypes::Inferred`], goes through the table once before.
    pub(crate) fn open(path: &Path, delimiter: u8, types: CsvTypes) -> Result<Self, DataError> {
        let types = match types {
            CsvTypes::Inferred => Some(infer(path, delimiter)?),
            CsvTypes::Text => None,
        };
        let (reader, columns) = open(path, delimiter)?;
        Ok(Self { reader, path: path.to_owned(), columns, types, record: StringRecord::new() })
    }

    fn row(&self) -> Row {
        let value = |(index, cell): (usize, &str)| match &self.types {
            Some(types) => types.get(index).copied().unwrap_or_default().value(cell),
            None => Value::from(cell),
        };
        self.columns.iter().cloned().zip(self.record.iter().enumerate().map(value)).collect()
    }
}

impl Iterator for CsvRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => Some(Ok(self.row())),
            Ok(false) => None,
            // The reader ends by itself behind what cannot be read.
            Err(error) => Some(Err(wrong(&self.path, &error))),
        }
    }
}

/// The names of a table's columns.
pub(crate) fn csv_columns(path: &Path, delimiter: u8) -> Result<Vec<String>, DataError> {
    Ok(open(path, delimiter)?.1)
}

fn open(path: &Path, delimiter: u8) -> Result<(Reader<Content>, Vec<String>), DataError> {
    let content = open_unpacked(path)?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::Headers).from_reader(content);
    let header = reader.headers().map_err(|error| wrong(path, &error))?;
    let columns: Vec<String> = header.iter().map(str::to_owned).collect();
    for (index, name) in columns.iter().enumerate() {
        if columns[..index].contains(name) {
            let why = format!("has two columns `{name}`; give each a name of its own in the first line");
            return Err(DataError::file(path, 1, why));
        }
    }
    Ok((reader, columns))
}

fn infer(path: &Path, delimiter: u8) -> Result<Vec<ColumnType>, DataError> {
    let (mut reader, columns) = open(path, delimiter)?;
    let mut types = vec![ColumnType::default(); columns.len()];
    let mut record = StringRecord::new();
    // What is wrong with a row is told when it is read.
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => types.iter_mut().zip(&record).for_each(|(kind, cell)| *kind = kind.with(cell)),
            Ok(false) => return Ok(types),
            Err(error) if error.is_io_error() => return Ok(types),
            Err(_) => {}
        }
    }
}

fn wrong(path: &Path, error: &csv::Error) -> DataError {
    let line = error.position().map_or(0, |position| {
        let line = usize::try_from(position.line()).unwrap_or(0);
        // The reader goes on behind `\r`, before the `\n` that belongs to it.
        if position.record() > 0 && has_carriage_returns(path) { line + 1 } else { line }
    });
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "has {len} cells, and the header {expected_len}; put cells that hold a separator or a line feed into quotes, and see that every quote is closed"
        ),
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; convert the file to it".into(),
        _ => format!("cannot be read as a table ({error}); see that the file is whole"),
    };
    DataError::file(path, line, why)
}

/// Whether lines end in `\r\n`, by the first; a table in which they end in both ways is told a line off.
fn has_carriage_returns(path: &Path) -> bool {
    let mut line = Vec::new();
    let read = open_unpacked(path).is_ok_and(|mut content| content.read_until(b'\n', &mut line).is_ok());
    read && line.ends_with(b"\r\n")
}
