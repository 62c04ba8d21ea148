//! What can go wrong with data sets. Each text says what to do.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read.
    #[error("cannot read {}; check that the path is right and the permissions allow it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}; free space or choose another place", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file, or a row of it, is not as expected.
    #[error("{}{} {why}", path.display(), if *line == 0 { String::new() } else { format!(", line {line},") })]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A path or a pattern names no file of data.
    #[error("{what} {why}")]
    NoFiles {
        /// The path or the pattern.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A column is asked for that is not there.
    #[error("there is no column `{column}`, only {}", listed(known))]
    UnknownColumn {
        /// The column.
        column: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A column would be there twice.
    #[error("there is a column `{column}` already; remove or rename it first")]
    SameColumn {
        /// The column.
        column: String,
    },
    /// A split is asked for that is not there.
    #[error("there is no split `{split}`, only {}", listed(known))]
    UnknownSplit {
        /// The split.
        split: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A part of a split is not written as it has to be.
    #[error(
        "`{given}` {why}; write `train`, `train[:10%]`, `train[100:200]`, or several with `+` between them"
    )]
    SplitSyntax {
        /// What was given.
        given: String,
        /// What is wrong.
        why: String,
    },
    /// A row is asked for that is not there.
    #[error("there is no row {index}: there are {rows}, counted from 0")]
    NoRow {
        /// The row asked for.
        index: usize,
        /// How many there are.
        rows: usize,
    },
    /// Rows are asked for by their numbers, of a set that can only be read from its start.
    #[error("rows of a streamed set cannot be {what}; call `in_memory` first, or use `take` and `skip`")]
    Streamed {
        /// What was to be done.
        what: &'static str,
    },
    /// A setting cannot be.
    #[error("setting `{name}`: {why}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A function that was handed in could not do with a row: [`DataError::refused`].
    #[error("{why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// The same, with the row.
    #[error("row {row} (counted from 0): {source}")]
    AtRow {
        /// The row's number in the set that it came from.
        row: usize,
        /// What is wrong.
        source: Box<DataError>,
    },
}

impl DataError {
    /// What a function that is handed in, such as that of [`Dataset::map`](crate::Dataset::map), gives for a row that it
    /// cannot do with.
    pub fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused { why: why.to_string() }
    }

    /// For `map_err` on reading `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// For `map_err` on writing `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    /// Something about a file, or a line of it.
    pub(crate) fn file(path: &Path, line: usize, why: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), line, why: why.into() }
    }

    /// For `map_err` on what a function made of a row.
    pub(crate) fn at_row(row: usize) -> impl FnOnce(Self) -> Self {
        move |source| Self::AtRow { row, source: Box::new(source) }
    }

    pub(crate) fn setting(name: &'static str, why: impl Into<String>) -> Self {
        Self::Setting { name, why: why.into() }
    }
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none at all".into() } else { known.join(", ") }
}
