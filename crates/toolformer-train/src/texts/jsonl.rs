//! Texts as JSON objects, one a line.

use std::{io::BufRead, path::PathBuf};

use serde::Deserialize;
use toolformer_data::Lines;

use super::{Text, TextId};
use crate::error::TrainError;

#[derive(Deserialize)]
struct Line {
    id: Option<TextId>,
    #[serde(deserialize_with = "Option::deserialize")]
    text: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// The texts of JSONL, one after the other; a text that is empty or null is none.
pub(crate) struct TextLines<R> {
    lines: Lines<R>,
    /// Texts read.
    texts: u64,
}

impl<R: BufRead> TextLines<R> {
    /// `path` is only named in errors.
    pub(super) fn new(reader: R, path: PathBuf) -> Self {
        Self { lines: Lines::new(reader, path), texts: 0 }
    }

    /// The next text, and its line as it stands there, without the line feed.
    pub(crate) fn next_text(&mut self) -> Option<Result<(Text, String), TrainError>> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            match self.parse(&line) {
                Ok(None) => {}
                Ok(Some(text)) => return Some(Ok((text, line))),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// None where the text is empty or null.
    fn parse(&mut self, line: &str) -> Result<Option<Text>, TrainError> {
        let parsed: Line = serde_json::from_str(line).map_err(|error| {
            let advice =
                "plain text belongs into a .txt file, and an id is a whole number from 0 or a string";
            let why = format!("is not a JSON object with a \"text\" ({error}); {advice}");
            TrainError::Texts { path: self.lines.path().to_owned(), line: self.lines.number(), why }
        })?;
        let Some(text) = parsed.text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let id = parsed.id.unwrap_or(TextId::Number(self.texts));
        self.texts += 1;
        Ok(Some(Text { id, text, rest: parsed.rest }))
    }
}

impl<R: BufRead> Iterator for TextLines<R> {
    type Item = Result<Text, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_text().map(|read| read.map(|(text, _)| text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(input: &str) -> Result<Vec<Text>, TrainError> {
        TextLines::new(input.as_bytes(), "t".into()).collect()
    }

    #[test]
    fn jsonl_keeps_ids_and_other_fields() {
        let texts = parse("{\"text\":\"a\",\"url\":\"u\"}\n\n{\"id\":\"x\",\"text\":\"b\"}\n").unwrap();
        assert_eq!(texts[0].id, TextId::Number(0));
        assert_eq!(texts[0].rest["url"], "u");
        assert_eq!(texts[1].id, TextId::Name("x".into()));
    }

    #[test]
    fn empty_texts_are_none() {
        let texts = parse("{\"text\":\" \"}\n{\"text\":\"a\"}\n{\"text\":null}\n{\"text\":\"b\"}\n").unwrap();
        assert_eq!(texts.iter().map(|text| text.id.to_string()).collect::<Vec<_>>(), ["0", "1"]);
    }

    #[test]
    fn what_is_no_utf_8_is_told_with_its_line() {
        let bytes = b"{\"text\":\"a\"}\n{\"text\":\"\xff\"}\n";
        let read: Result<Vec<Text>, TrainError> = TextLines::new(&bytes[..], "t".into()).collect();
        let error = read.unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("UTF-8"), "{error}");
    }

    #[track_caller]
    fn check_error(input: &str, part: &str) {
        let error = parse(input).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn errors_name_the_line() {
        check_error("{\"text\":\"a\"}\nnot json\n", "line 2");
        check_error("{\"txt\":\"a\"}\n", "text");
        check_error("{\"id\":-1,\"text\":\"a\"}\n", "an id is a whole number");
    }
}
