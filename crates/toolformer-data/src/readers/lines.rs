//! Lines, with their numbers.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
};

use super::content::unreadable;
use crate::error::DataError;

/// The lines of a content, one after the other, without the line feed; all of them, empty ones too.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    path: PathBuf,
    read: usize,
    /// Whether reading failed: what follows is not known.
    failed: bool,
}

impl<R: BufRead> Lines<R> {
    /// `path` is only named in errors.
    pub fn new(reader: R, path: PathBuf) -> Self {
        Self { reader, path, read: 0, failed: false }
    }

    /// The number of the line read last, from 1.
    pub fn number(&self) -> usize {
        self.read
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about the line read last.
    pub(super) fn wrong(&self, why: impl Into<String>) -> DataError {
        DataError::file(&self.path, self.read, why)
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    /// Errors: the content cannot be read, or is not UTF-8.
    type Item = Result<String, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut line = String::new();
        self.read += 1;
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => {
                if line.ends_with('\n') {
                    line.pop();
                }
                Some(Ok(line))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(self.wrong(unreadable(&error))))
            }
        }
    }
}
