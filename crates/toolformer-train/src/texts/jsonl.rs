//! Texts as JSON objects, one a line.

use std::{io::BufRead, path::PathBuf};

use serde::Deserialize;

use super::{Text, TextId};
use crate::error::TrainError;

#[derive(Deserialize)]
struct Line {
    id: Option<TextId>,
    text: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// The texts of JSONL, one after the other.
pub(crate) struct TextLines<R> {
    reader: R,
    path: PathBuf,
    /// Lines and texts read.
    line: usize,
    texts: u64,
}

impl<R: BufRead> TextLines<R> {
    /// `path` is only named in errors.
    pub(super) fn new(reader: R, path: PathBuf) -> Self {
        Self { reader, path, line: 0, texts: 0 }
    }

    /// The next text, and its line as it stands there, without the line feed.
    pub(crate) fn next_text(&mut self) -> Option<Result<(Text, String), TrainError>> {
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) => self.line += 1,
                Err(error) => return Some(Err(TrainError::read(&self.path)(error))),
            }
            if line.ends_with('\n') {
                line.pop();
            }
            if !line.trim().is_empty() {
                return Some(self.parse(&line).map(|text| (text, line)));
            }
        }
    }

    fn parse(&mut self, line: &str) -> Result<Text, TrainError> {
        let parsed: Line = serde_json::from_str(line).map_err(|error| {
            let advice = "plain text belongs into a .txt file";
            self.wrong(format!("is not a JSON object with a \"text\" ({error}); {advice}"))
        })?;
        if parsed.text.trim().is_empty() {
            return Err(self.wrong("has an empty \"text\"".into()));
        }
        let id = parsed.id.unwrap_or(TextId::Number(self.texts));
        self.texts += 1;
        Ok(Text { id, text: parsed.text, rest: parsed.rest })
    }

    /// An error about the line read last.
    fn wrong(&self, why: String) -> TrainError {
        TrainError::Texts { path: self.path.clone(), line: self.line, why }
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

    #[track_caller]
    fn check_error(input: &str, part: &str) {
        let error = parse(input).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn errors_name_the_line() {
        check_error("{\"text\":\"a\"}\nnot json\n", "line 2");
        check_error("{\"txt\":\"a\"}\n", "text");
        check_error("{\"text\":\" \"}\n", "empty");
    }
}
