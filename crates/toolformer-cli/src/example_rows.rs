//! Rows as they are trained on, whatever else their files hold.

use serde_json::Value;
use toolformer::data::{DataError, Dataset, Row, RowIter, RowSource};

/// The column of a text, of its calls, and of where the row came from, in what an [`ExampleRows`] gives.
pub(crate) const TEXT: &str = "text";
pub(crate) const CALLS: &str = "calls";
pub(crate) const PLACE: &str = "place";
/// The columns of a prompt and its completion.
pub(crate) const PROMPT: &str = "prompt";
pub(crate) const COMPLETION: &str = "completion";

/// What rows are to be.
#[derive(Clone, Debug)]
pub(crate) enum RowsWanted {
    /// Texts alone, in this column.
    Texts(String),
    /// Texts in this column, with their calls; or, where the column was not named by the user, prompts with completions.
    Examples(Option<String>),
}

/// A set whose rows have the columns above and no others. Texts that are empty or null are left out.
pub(crate) struct ExampleRows {
    pub(crate) rows: Dataset,
    /// What errors call the set.
    pub(crate) source: String,
    pub(crate) wanted: RowsWanted,
}

impl RowSource for ExampleRows {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let rows = self.rows.rows()?.enumerate();
        Ok(Box::new(rows.filter_map(|(number, row)| match row {
            Ok(row) => self.example(number, row).transpose(),
            Err(error) => Some(Err(error)),
        })))
    }
}

impl ExampleRows {
    /// None of an empty text.
    fn example(&self, number: usize, mut row: Row) -> Result<Option<Row>, DataError> {
        let place = || match row.get("id") {
            Some(Value::String(id)) => format!("text {id} of {}", self.source),
            Some(Value::Number(id)) => format!("text {id} of {}", self.source),
            _ => format!("text {number} of {}", self.source),
        };
        let has = |name: &str| row.contains_key(name);
        let wrong = |why: String| DataError::refused(format!("{} {why}", place()));
        let column = match &self.wanted {
            RowsWanted::Examples(None) if has(PROMPT) && has(COMPLETION) => {
                let place = place();
                let row = [PROMPT, COMPLETION].into_iter().map(|name| match row.remove(name) {
                    Some(text @ Value::String(_)) => Ok((name.to_owned(), text)),
                    _ => Err(DataError::refused(format!("{place} has no text in `{name}`"))),
                });
                let mut row: Row = row.collect::<Result<_, _>>()?;
                row.insert(PLACE.to_owned(), place.into());
                return Ok(Some(row));
            }
            RowsWanted::Examples(column) => column.as_deref().unwrap_or(TEXT),
            RowsWanted::Texts(column) => column,
        };
        match row.get(column) {
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(_)) => {}
            Some(Value::Null) => return Ok(None),
            Some(_) => return Err(wrong(format!("has something else than a text in `{column}`"))),
            None => {
                let known: Vec<&str> = row.keys().map(String::as_str).collect();
                let pairs = match self.wanted {
                    RowsWanted::Examples(None) => ", or give rows with a `prompt` and a `completion`",
                    _ => "",
                };
                return Err(wrong(format!(
                    "has no column `{column}`, only {}; name the one that holds the texts by --column{pairs}",
                    known.join(", ")
                )));
            }
        }
        let place = place();
        let mut kept: Row = row.remove(column).map(|text| (TEXT.to_owned(), text)).into_iter().collect();
        if let RowsWanted::Examples(_) = self.wanted {
            kept.extend(row.remove_entry(CALLS));
            kept.insert(PLACE.to_owned(), place.into());
        }
        Ok(Some(kept))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(wanted: RowsWanted, rows: Value) -> Result<Value, String> {
        let rows: Vec<Row> = serde_json::from_value(rows).unwrap();
        let rows = ExampleRows { rows: rows.into_iter().collect(), source: "f".to_owned(), wanted };
        let read: Result<Vec<Row>, DataError> = rows.rows().unwrap().collect();
        read.map(|rows| json!(rows)).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(wanted: RowsWanted, given: Value, expected: Value) {
        assert_eq!(rows(wanted, given), Ok(expected));
    }

    #[track_caller]
    fn check_error(wanted: RowsWanted, given: Value, part: &str) {
        let error = rows(wanted, given).unwrap_err();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn texts_keep_their_calls_and_say_where_they_are_from() {
        check(
            RowsWanted::Examples(None),
            json!([{"text": "a", "url": "u", "calls": [1]}, {"text": " "}, {"text": null}, {"id": "x", "text": "b"}]),
            json!([{"text": "a", "calls": [1], "place": "text 0 of f"}, {"text": "b", "place": "text x of f"}]),
        );
        check(RowsWanted::Texts("body".into()), json!([{"body": "a", "text": "b"}]), json!([{"text": "a"}]));
    }

    #[test]
    fn pairs_are_pairs_unless_a_column_is_named() {
        let row = || json!([{"prompt": "p", "completion": "c", "text": "t"}]);
        let pair = json!([{"prompt": "p", "completion": "c", "place": "text 0 of f"}]);
        check(RowsWanted::Examples(None), row(), pair);
        let text = json!([{"text": "t", "place": "text 0 of f"}]);
        check(RowsWanted::Examples(Some("text".into())), row(), text);
    }

    #[test]
    fn what_is_missing_is_told() {
        check_error(RowsWanted::Examples(None), json!([{"prompt": "p"}]), "give rows with a `prompt` and");
        check_error(
            RowsWanted::Examples(None),
            json!([{"prompt": "p", "completion": 3}]),
            "text 0 of f has no text in `completion`",
        );
        check_error(
            RowsWanted::Texts("body".into()),
            json!([{"text": "a"}]),
            "no column `body`, only text; name",
        );
        check_error(RowsWanted::Texts("text".into()), json!([{"text": 3}]), "something else than a text");
    }
}
