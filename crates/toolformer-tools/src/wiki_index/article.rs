//! What an index is built from.

use std::{
    io::{BufRead, Read as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::error::IndexError;

/// The longest line that is read, in bytes: a file without line breaks must not fill the memory.
const MAX_LINE: u64 = 16 << 20;

/// A title and a text, to be found and shown together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// How many bytes of the input it took, for [`IndexProgress`](crate::IndexProgress).
    pub source_bytes: u64,
}

impl Article {
    /// An article that takes as many bytes as its title and its text.
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        let (title, text) = (title.into(), text.into());
        let source_bytes = (title.len() + text.len()) as u64;
        Self { title, text, source_bytes }
    }
}

/// The articles of a JSONL file, read one by one: an object with the strings `title` and `text` on each line.
/// Other fields and blank lines are skipped. After an error there is nothing more.
///
/// ```
/// use toolformer_tools::JsonlArticles;
/// let lines = "{\"title\":\"Ada Lovelace\",\"text\":\"A mathematician.\"}\n\n{\"title\":\"Ada\"}\n";
/// let mut articles = JsonlArticles::new(lines.as_bytes(), "people.jsonl");
/// assert_eq!(articles.next().ok_or("none")??.title, "Ada Lovelace");
/// let error = articles.next().ok_or("none")?.unwrap_err().to_string();
/// assert!(error.starts_with("people.jsonl, line 3, is not an object with the strings"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonlArticles<R> {
    reader: R,
    path: PathBuf,
    line: u64,
    ended: bool,
}

#[derive(Deserialize)]
struct Line {
    title: String,
    text: String,
}

impl<R: BufRead> JsonlArticles<R> {
    /// The articles of `reader`; `path` is only named in errors.
    pub fn new(reader: R, path: impl AsRef<Path>) -> Self {
        Self { reader, path: path.as_ref().to_owned(), line: 0, ended: false }
    }

    fn read(&mut self) -> Result<Option<Article>, IndexError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            self.line += 1;
            let read = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            read.map_err(|source| IndexError::Read { path: self.path.clone(), source })?;
            if line.is_empty() {
                return Ok(None);
            }
            if line.len() as u64 == MAX_LINE {
                let why = format!("has {MAX_LINE} bytes or more; put each article on a line of its own");
                return Err(self.wrong(why));
            }
            if !line.trim_ascii().is_empty() {
                break;
            }
        }
        let parsed: Line = serde_json::from_slice(&line).map_err(|error| {
            self.wrong(format!(
                "is not an object with the strings \"title\" and \"text\" ({error}); correct or delete it"
            ))
        })?;
        if parsed.title.trim().is_empty() && parsed.text.trim().is_empty() {
            return Err(self.wrong("has neither a title nor a text; fill them in or delete it".into()));
        }
        Ok(Some(Article { title: parsed.title, text: parsed.text, source_bytes: line.len() as u64 }))
    }

    fn wrong(&self, why: String) -> IndexError {
        IndexError::Articles { path: self.path.clone(), line: self.line, why }
    }
}

impl<R: BufRead> Iterator for JsonlArticles<R> {
    type Item = Result<Article, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
