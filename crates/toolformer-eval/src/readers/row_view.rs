//! A row with its place, so that what is wrong with it can be said.

use std::path::Path;

use serde_json::Value;
use toolformer_data::{
    CsvTypes, Dataset, FileFormat, ReadSettings, Row, RowSource as _, TextUnit, data_files,
};

use crate::EvalError;

/// A row of a data set.
pub(super) struct RowView<'r> {
    data: &'r Path,
    /// From 1.
    pub(super) number: usize,
    row: &'r Row,
}

/// Hands over all rows of a file, a folder or a pattern. `array` is the field with the rows in files of JSON. Cells of
/// tables are texts, so that `007` stays what it is.
pub(super) fn for_rows(
    data: &str,
    array: Option<&str>,
    each: impl FnMut(&RowView<'_>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    for_rows_with(
        data,
        &ReadSettings {
            field: array.map(str::to_owned),
            csv_types: CsvTypes::Text,
            ..ReadSettings::default()
        },
        each,
    )
}

/// The same; files whose names do not say what they are, such as `wiki.test.tokens`, are plain text in units of `unit`.
pub(super) fn for_text_rows(
    data: &str,
    unit: TextUnit,
    each: impl FnMut(&RowView<'_>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    let unnamed = data_files(data)?.iter().any(|file| FileFormat::of(file).is_none());
    let format = unnamed.then_some(FileFormat::Text);
    for_rows_with(data, &ReadSettings { format, text_unit: unit, ..ReadSettings::default() }, each)
}

fn for_rows_with(
    data: &str,
    settings: &ReadSettings,
    mut each: impl FnMut(&RowView<'_>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    let set = Dataset::open(data, settings)?;
    for (index, row) in set.rows()?.enumerate() {
        each(&RowView { data: Path::new(data), number: index + 1, row: &row? })?;
    }
    Ok(())
}

impl<'r> RowView<'r> {
    /// The columns.
    pub(super) fn row(&self) -> &'r Row {
        self.row
    }

    /// The value of a field; `a.b` is field `b` of the object in field `a`. None where it is not there, or null.
    pub(super) fn get(&self, field: &str) -> Option<&'r Value> {
        let whole = self.row.get(field);
        let value = whole.or_else(|| {
            let (first, rest) = field.split_once('.')?;
            rest.split('.').try_fold(self.row.get(first)?, |value, name| value.get(name))
        });
        value.filter(|value| !value.is_null())
    }

    /// The first of these fields that is there.
    pub(super) fn first_of(&self, fields: &[&'static str]) -> Option<(&'static str, &'r Value)> {
        fields.iter().find_map(|&field| Some((field, self.get(field)?)))
    }

    /// A text, or a number as it is written, in the first of these fields that is there; not blank.
    pub(super) fn text(&self, fields: &[&'static str]) -> Result<String, EvalError> {
        let Some((field, value)) = self.first_of(fields) else { return Err(self.missing(fields)) };
        scalar(value)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.wrong(field, "is no text; write one, or remove the row"))
    }

    /// The same, none if none is there.
    pub(super) fn optional_text(&self, fields: &[&'static str]) -> Option<String> {
        self.first_of(fields).and_then(|(_, value)| scalar(value))
    }

    /// A text or a list of texts in the first of these fields that is there; at least one, none of them blank.
    pub(super) fn texts(&self, fields: &[&'static str]) -> Result<Vec<String>, EvalError> {
        let Some((field, value)) = self.first_of(fields) else { return Err(self.missing(fields)) };
        texts_of(value)
            .ok_or_else(|| self.wrong(field, "is neither a text nor a list of texts; write one of them"))
    }

    /// An id, or the row's number.
    pub(super) fn id(&self, fields: &[&'static str]) -> String {
        self.optional_text(fields).filter(|id| !id.is_empty()).unwrap_or_else(|| self.number.to_string())
    }

    pub(super) fn missing(&self, fields: &[&str]) -> EvalError {
        let columns: Vec<_> = self.row.keys().map(String::as_str).collect();
        let columns = if columns.is_empty() { "none at all".to_owned() } else { columns.join(", ") };
        self.wrong(
            &fields.join("` or `"),
            format!("is missing: there are {columns}; see that it is the task's set, and not a split without answers"),
        )
    }

    pub(super) fn wrong(&self, field: &str, why: impl Into<String>) -> EvalError {
        EvalError::Row {
            path: self.data.to_owned(),
            row: self.number,
            field: field.to_owned(),
            why: why.into(),
        }
    }
}

/// A text, or a number or truth value as it is written.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// One scalar, or a list of them; at least one, and blank ones left out.
pub(super) fn texts_of(value: &Value) -> Option<Vec<String>> {
    let texts = match value {
        Value::Array(values) => values.iter().map(scalar).collect::<Option<Vec<_>>>()?,
        value => vec![scalar(value)?],
    };
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
    Some(texts).filter(|texts| !texts.is_empty())
}
