//! What can go wrong in an evaluation. Each text says what to do.

use std::path::{Path, PathBuf};

use toolformer_data::DataError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A file cannot be read.
    #[error("cannot read {}; check that the path is right and the permissions allow it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error(
        "cannot write {}; free space or choose another place, then run again: it goes on where it stopped",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The data cannot be read as rows.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A task's file is no task.
    #[error("the task {origin}{} {why}", if field.is_empty() { String::new() } else { format!(", field `{field}`:") })]
    Task {
        /// The task's file or name.
        origin: String,
        /// The field, with dots between tables; empty for the file as a whole.
        field: String,
        /// What is wrong, and what to write.
        why: String,
    },
    /// No task of that name is built in.
    #[error("there is no task `{name}`; there are {}, or give the path of a task's file", known.join(", "))]
    UnknownTask {
        /// What was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A row of a data set is not as its format has it.
    #[error("{}, row {row}, field `{field}` {why}", path.display())]
    Row {
        /// The file, the folder or the pattern of files.
        path: PathBuf,
        /// The row, from 1, over all files.
        row: usize,
        /// The field.
        field: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A file of data is not as its format has it.
    #[error("{}{} {why}", path.display(), if *line == 0 { String::new() } else { format!(", line {line},") })]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A set has no item that can be asked.
    #[error(
        "{} holds no item for this task{}; check that it is the set that the task is made for",
        path.display(), listed(left_out)
    )]
    NoItems {
        /// The data.
        path: PathBuf,
        /// Why rows were left out, and how many.
        left_out: Vec<(String, usize)>,
    },
    /// An item does not have what the task's prompt or metric needs.
    #[error("item `{id}` {why}")]
    Item {
        /// Its id.
        id: String,
        /// What is missing, and what to do.
        why: String,
    },
    /// A setting cannot be.
    #[error("setting `{name}`: {why}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A file of results belongs to another run.
    #[error(
        "{} holds results of another run ({found}); give the same settings to go on, or another file or folder, or move that one away",
        path.display()
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What it says of its run.
        found: String,
    },
    /// A file of results is open in another process.
    #[error("{} is in use by another process; wait until it ends, or give another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The model cannot go on from a prompt, or a call fails where that ends a run.
    #[cfg(feature = "runner")]
    #[error(transparent)]
    Decode(#[from] toolformer_decode::DecodeError),
    /// A text has no tokens of the model.
    #[cfg(feature = "runner")]
    #[error(transparent)]
    Model(#[from] toolformer_model::ModelError),
    /// Two runs cannot be compared.
    #[error("the runs cannot be compared: {why}")]
    Compare {
        /// Why.
        why: String,
    },
}

fn listed(left_out: &[(String, usize)]) -> String {
    let reasons: Vec<_> = left_out.iter().map(|(why, rows)| format!("{rows} rows: {why}")).collect();
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

impl EvalError {
    /// For `map_err` on reading `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// For `map_err` on writing `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    pub(crate) fn file(path: &Path, line: usize, why: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), line, why: why.into() }
    }
}
