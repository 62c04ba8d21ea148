//! The objects of a JSONL file, one after the other.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use crate::error::TrainError;

/// Reads objects line by line; empty lines are passed over.
#[derive(Debug)]
pub struct JsonlLines<T> {
    path: PathBuf,
    file: BufReader<File>,
    line: String,
    number: usize,
    /// Whether a last line without an end, as a killed run may leave it, is passed over if it is no such object.
    torn_end_is_fine: bool,
    objects: PhantomData<T>,
}

impl<T: DeserializeOwned> JsonlLines<T> {
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let file = BufReader::new(File::open(path).map_err(TrainError::read(path))?);
        let (path, line, objects) = (path.to_owned(), String::new(), PhantomData);
        Ok(Self { path, file, line, number: 0, torn_end_is_fine: false, objects })
    }

    /// Passes over a last line that was not written to its end.
    pub(crate) fn of_unfinished_run(self) -> Self {
        Self { torn_end_is_fine: true, ..self }
    }

    fn read(&mut self) -> Result<Option<T>, TrainError> {
        loop {
            self.line.clear();
            self.number += 1;
            if self.file.read_line(&mut self.line).map_err(TrainError::read(&self.path))? == 0 {
                return Ok(None);
            }
            if self.line.trim().is_empty() {
                continue;
            }
            return match serde_json::from_str(&self.line) {
                Ok(object) => Ok(Some(object)),
                Err(_) if self.torn_end_is_fine && !self.line.ends_with('\n') => Ok(None),
                Err(error) => Err(TrainError::Texts {
                    path: self.path.clone(),
                    line: self.number,
                    why: format!("is not the object expected here: {error}"),
                }),
            };
        }
    }
}

impl<T: DeserializeOwned> Iterator for JsonlLines<T> {
    /// Errors: the file cannot be read, or a line is no such object.
    type Item = Result<T, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, torn_end_is_fine: bool, expected: &[Option<u32>]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.jsonl");
        std::fs::write(&path, content).unwrap();
        let lines = JsonlLines::<u32>::open(&path).unwrap();
        let lines = if torn_end_is_fine { lines.of_unfinished_run() } else { lines };
        assert_eq!(lines.take(9).map(Result::ok).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_a_last_line_may_be_torn() {
        check("1\n\n2\r\n3", false, &[Some(1), Some(2), Some(3)]);
        check("1\n{", true, &[Some(1)]);
        check("1\n{", false, &[Some(1), None]);
        check("{\n1\n", true, &[None, Some(1)]);
    }
}
