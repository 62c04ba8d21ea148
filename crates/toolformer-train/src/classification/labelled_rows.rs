//! Rows with one sentence or two, and a label.

use serde_json::Value;
use toolformer_data::{DataError, Dataset, Row, RowSource as _};

use crate::{error::TrainError, split_by_key::split_by_key};

/// What the fields of a row are called, and how two sentences become one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFields {
    /// Of the first sentence. Default `sentence1`, as in GLUE's MRPC.
    pub first: String,
    /// Of the second, which rows may lack. Default `sentence2`.
    pub second: String,
    /// Of the label. Default `label`.
    pub label: String,
    /// What stands between the sentences. Default a line feed: language models have no token for it.
    pub separator: String,
}

impl Default for RowFields {
    fn default() -> Self {
        Self {
            first: "sentence1".to_owned(),
            second: "sentence2".to_owned(),
            label: "label".to_owned(),
            separator: "\n".to_owned(),
        }
    }
}

/// A text with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledText {
    /// Both sentences of a pair.
    pub text: String,
    /// None where the row has none.
    pub label: Option<String>,
}

impl LabelledText {
    /// Of a row.
    ///
    /// # Errors
    /// Says what it lacks.
    pub fn of_row(row: &Row, fields: &RowFields) -> Result<Self, String> {
        labelled(row, fields)
    }
}

/// Reads the rows of a set, which errors call `source`. Have the cells of tables read as texts, so that they are as they stand.
///
/// # Errors
/// If a row cannot be read, or lacks its first sentence.
pub fn read_labelled(
    rows: &Dataset,
    source: &str,
    fields: &RowFields,
) -> Result<Vec<LabelledText>, TrainError> {
    let read = |(number, row): (usize, Result<Row, DataError>)| {
        labelled(&row?, fields).map_err(|why| TrainError::Texts {
            path: source.into(),
            line: 0,
            why: format!("has a row, the {}. with data, that {why}", number + 1),
        })
    };
    rows.rows()?.enumerate().map(read).collect()
}

/// Holds out a `part` of the texts, drawn by the seed; equal texts go to the same side. Returns the texts to train on and those
/// held out, in their order.
pub fn split_by_text(
    texts: Vec<LabelledText>,
    part: f64,
    seed: u64,
) -> (Vec<LabelledText>, Vec<LabelledText>) {
    split_by_key(texts, |text| text.text.clone(), part, seed)
}

fn labelled(row: &Row, fields: &RowFields) -> Result<LabelledText, String> {
    let sentence = |name: &str| match row.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(format!("has a `{name}` that is no text; write one, or name another field")),
    };
    let mut text = sentence(&fields.first)?.ok_or_else(|| {
        let there = row.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str());
        let there: Vec<&str> = there.collect();
        format!("has no `{}`, but {}; say which of them holds the sentence", fields.first, there.join(", "))
    })?;
    // An empty cell is one that is not there.
    let filled = |cell: Option<String>| cell.filter(|cell| !cell.trim().is_empty());
    if let Some(second) = filled(sentence(&fields.second)?) {
        text.push_str(&fields.separator);
        text.push_str(&second);
    }
    if text.trim().is_empty() {
        return Err(format!("has an empty `{}`", fields.first));
    }
    Ok(LabelledText { text, label: filled(sentence(&fields.label)?) })
}

#[cfg(test)]
mod tests {
    use toolformer_data::{CsvTypes, ReadSettings};

    use super::*;

    fn read(path: &std::path::Path) -> Result<Vec<LabelledText>, TrainError> {
        let path = path.to_str().unwrap();
        let settings = ReadSettings { csv_types: CsvTypes::Text, ..ReadSettings::default() };
        read_labelled(&Dataset::open(path, &settings).unwrap(), path, &RowFields::default())
    }

    #[track_caller]
    fn check(name: &str, content: &str, expected: &[(&str, Option<&str>)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let rows = read(&path).unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (row.text.as_str(), row.label.as_deref())).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn rows_of_several_formats_are_read() {
        let pair = [("a, b\nc", Some("1"))];
        check(
            "r.jsonl",
            "{\"sentence1\": \"a, b\", \"sentence2\": \"c\", \"label\": 1, \"idx\": 0}\n",
            &pair,
        );
        check("r.csv", "sentence1,sentence2,label\n\"a, b\",c,1\n", &pair);
        check("r.csv", "sentence1,label\n007,1.50\n", &[("007", Some("1.50"))]);
        check("r.csv", "sentence1,sentence2,label\na,,\n", &[("a", None)]);
        check("r.jsonl", "{\"sentence1\": \"a\"}\n", &[("a", None)]);
        check("r.tsv", "label\tsentence1\tsentence2\n1\ta, b\tc\n", &pair);
    }

    #[test]
    fn a_row_without_its_sentence_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        std::fs::write(&path, "{\"sentence1\": \"a\"}\n{\"sentence\": \"a\"}\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("the 2. with data") && error.contains("has no `sentence1`"), "{error}");
    }
}
