//! Plain text by paragraphs.

use std::{io::BufRead, path::PathBuf};

use super::lines::Lines;
use crate::error::DataError;

/// Paragraphs, with blank lines between them. Lines of a paragraph are joined by a line feed.
#[derive(Debug)]
pub struct Paragraphs<R> {
    lines: Lines<R>,
}

impl<R: BufRead> Paragraphs<R> {
    /// `path` is only named in errors.
    pub fn new(reader: R, path: PathBuf) -> Self {
        Self { lines: Lines::new(reader, path) }
    }

    fn read(&mut self) -> Result<Option<String>, DataError> {
        let mut paragraph: Vec<String> = Vec::new();
        while let Some(line) = self.lines.next().transpose()? {
            if !line.trim().is_empty() {
                paragraph.push(line.strip_suffix('\r').map(str::to_owned).unwrap_or(line));
            } else if !paragraph.is_empty() {
                break;
            }
        }
        Ok(Some(paragraph).filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")))
    }
}

impl<R: BufRead> Iterator for Paragraphs<R> {
    /// Errors: as those of [`Lines`].
    type Item = Result<String, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        let found: Result<Vec<String>, _> = Paragraphs::new(input.as_bytes(), "t".into()).collect();
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn blank_lines_stand_between_paragraphs() {
        check("one\ntwo\n\n\nthree\n", &["one\ntwo", "three"]);
        check("\n \none\r\ntwo\r\n\t\nthree", &["one\ntwo", "three"]);
        check("", &[]);
        check("\n\n", &[]);
    }
}
