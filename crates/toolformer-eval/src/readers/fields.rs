//! Any rows, by the names of their columns.

use regex::Regex;
use serde_json::Value;

use super::{Reading, RowView, row_view::scalar, row_view::texts_of};
use crate::{EvalError, FieldNames, Item};

/// Objects within objects become fields so deep.
const MAX_DEPTH: usize = 8;

/// Reads rows by the names of their columns.
pub(super) fn reader(
    names: &FieldNames,
) -> Result<impl Fn(&RowView<'_>) -> Result<Reading, EvalError>, EvalError> {
    let pattern = names.answer_pattern.as_deref().map(Regex::new).transpose();
    let pattern =
        pattern.map_err(|error| EvalError::Setting { name: "answer_pattern", why: error.to_string() })?;
    Ok(move |row: &RowView<'_>| item(row, names, pattern.as_ref()))
}

fn item(row: &RowView<'_>, names: &FieldNames, pattern: Option<&Regex>) -> Result<Reading, EvalError> {
    let named = |name: &Option<String>| match name {
        Some(name) => {
            match row.get(name).filter(|value| value.as_str() != Some("")).map(|value| (name.clone(), value))
            {
                Some(found) => Ok(Some(found)),
                None => Err(row.missing(&[name])),
            }
        }
        None => Ok(None),
    };
    let text = |name: &Option<String>| match named(name)? {
        Some((name, value)) => match scalar(value) {
            Some(text) => Ok(Some(text)),
            None => Err(row.wrong(&name, "is no text; name a column with texts or numbers")),
        },
        None => Ok(None),
    };
    let answers = match named(&names.answers)? {
        Some((name, value)) => {
            let texts = texts_of(value).ok_or_else(|| {
                row.wrong(&name, "is neither a text, a number nor a list of these; write one of them")
            })?;
            let answers = answers_in(&texts, names.answer_separator.as_deref(), pattern);
            answers.ok_or_else(|| {
                row.wrong(&name, "has no answer where `answer_pattern` looks for it; change one")
            })?
        }
        None => Vec::new(),
    };
    let date = match text(&names.date)? {
        Some(given) => Some(given.trim().parse().map_err(|_| {
            let why = format!("is `{given}`, which is no day; write 2023-01-30");
            row.wrong(names.date.as_deref().unwrap_or_default(), why)
        })?),
        None => None,
    };
    let id = text(&names.id)?.unwrap_or_else(|| row.number.to_string());
    let mut item = Item {
        date,
        category: text(&names.category)?,
        cluster: text(&names.cluster)?,
        ..Item::new(id, answers)
    };
    for (name, value) in row.row() {
        add_fields(&mut item, name, value, 0);
    }
    Ok(Reading::Item(item))
}

/// The answers in texts; none if a text has none.
fn answers_in(texts: &[String], separator: Option<&str>, pattern: Option<&Regex>) -> Option<Vec<String>> {
    let mut answers = Vec::new();
    for text in texts {
        let text = match pattern {
            Some(pattern) => pattern.captures(text)?.get(1)?.as_str(),
            None => text,
        };
        let parts = separator
            .filter(|separator| !separator.is_empty())
            .map_or(vec![text], |by| text.split(by).collect());
        answers.extend(parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    }
    (!answers.is_empty()).then_some(answers)
}

/// A scalar is a field, an object is one for each scalar in it.
fn add_fields(item: &mut Item, name: &str, value: &Value, depth: usize) {
    match (value, scalar(value)) {
        (_, Some(text)) => {
            item.fields.insert(name.to_owned(), text);
        }
        (Value::Object(fields), _) if depth < MAX_DEPTH => {
            for (inner, value) in fields {
                add_fields(item, &format!("{name}.{inner}"), value, depth + 1);
            }
        }
        _ => {}
    }
}
