//! Plain text: a text for every paragraph.

use std::{io::BufRead, path::PathBuf};

use super::{Text, TextId, jsonl::unreadable};
use crate::error::TrainError;

/// Paragraphs, with blank lines between them, as texts.
pub(super) struct Paragraphs<R> {
    reader: R,
    path: PathBuf,
    /// Lines and texts read.
    line: usize,
    texts: u64,
}

impl<R: BufRead> Paragraphs<R> {
    /// `path` is only named in errors.
    pub(super) fn new(reader: R, path: PathBuf) -> Self {
        Self { reader, path, line: 0, texts: 0 }
    }

    fn read(&mut self) -> Result<Option<Text>, TrainError> {
        let mut paragraph = String::new();
        loop {
            let start = paragraph.len();
            self.line += 1;
            let bytes = self.reader.read_line(&mut paragraph).map_err(|error| TrainError::Texts {
                path: self.path.clone(),
                line: self.line,
                why: unreadable(&error),
            })?;
            if bytes == 0 || paragraph[start..].trim().is_empty() {
                paragraph.truncate(start);
                if !paragraph.is_empty() {
                    break;
                }
            }
            if bytes == 0 {
                return Ok(None);
            }
        }
        let text = paragraph.lines().collect::<Vec<_>>().join("\n");
        self.texts += 1;
        Ok(Some(Text { id: TextId::Number(self.texts - 1), text, rest: serde_json::Map::new() }))
    }
}

impl<R: BufRead> Iterator for Paragraphs<R> {
    type Item = Result<Text, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        let texts: Vec<Text> =
            Paragraphs::new(input.as_bytes(), "t".into()).collect::<Result<_, _>>().unwrap();
        assert_eq!(texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>(), expected);
        assert!(texts.iter().enumerate().all(|(number, text)| text.id == TextId::Number(number as u64)));
    }

    #[test]
    fn paragraphs_are_texts() {
        check("one\ntwo\n\n\nthree\n", &["one\ntwo", "three"]);
        check("\n \none\r\ntwo\r\n\t\nthree", &["one\ntwo", "three"]);
        check("", &[]);
        check("\n\n", &[]);
    }
}
