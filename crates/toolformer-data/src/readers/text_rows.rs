//! Plain text as rows with one column, `text`.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{content::unreadable, lines::Lines, paragraphs::Paragraphs};
use crate::{
    error::DataError,
    read_settings::TextUnit,
    row_source::{Row, RowIter},
};

/// The rows of a text.
pub(crate) fn text_rows(
    content: impl BufRead + Send + 'static,
    path: PathBuf,
    unit: TextUnit,
) -> RowIter<'static> {
    match unit {
        TextUnit::Line => Box::new(Lines::new(content, path).map(|line| {
            let mut line = line?;
            if line.ends_with('\r') {
                line.pop();
            }
            Ok(row(line))
        })),
        TextUnit::Paragraph => Box::new(Paragraphs::new(content, path).map(|paragraph| paragraph.map(row))),
        TextUnit::File => Box::new(std::iter::once_with(move || whole(content, &path))),
    }
}

fn whole(mut content: impl BufRead, path: &Path) -> Result<Row, DataError> {
    let mut text = String::new();
    content.read_to_string(&mut text).map_err(|error| DataError::file(path, 0, unreadable(&error)))?;
    Ok(row(text))
}

fn row(text: String) -> Row {
    Row::from_iter([("text".to_owned(), Value::from(text))])
}
