//! What can go wrong in the pipeline and in training. Each text says what to do.

use std::path::{Path, PathBuf};

use toolformer_data::DataError;
use toolformer_decode::DecodeError;
use toolformer_model::ModelError;

use crate::texts::TextId;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
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
        "cannot write {}; free space or choose another place, then run the same command again: it goes on where \
         it stopped",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of texts is not as expected.
    #[error("{}{} {why}", path.display(), if *line == 0 { String::new() } else { format!(", line {line},") })]
    Texts {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// There are no texts.
    #[error("there is no text; give a file that holds some")]
    NoTexts,
    /// Two texts have the same id.
    #[error("the id {text_id} is that of an earlier text too; give each text one of its own, or none")]
    SameId {
        /// The id.
        text_id: TextId,
    },
    /// A part of a run cannot be put together with others.
    #[error("{} cannot be merged: {why}", path.display())]
    Part {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A prompt has no slot, or several.
    #[error(
        "a prompt needs `{{text}}` exactly once, and a token before or after it; this one has it {slots} times"
    )]
    Prompt {
        /// How often the slot was found.
        slots: usize,
    },
    /// A file of settings says something that cannot be.
    #[error(
        "{}, line {line}{} {why}", path.display(), if key.is_empty() { ":".into() } else { format!(", `{key}`:") }
    )]
    SettingsFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The tool, or the tool and its key, `QA.k`; empty where the parser does not tell.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A setting is out of range.
    #[error("setting `{name}`: {why}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A text does not fit the model.
    #[error("text {text_id} does not fit the model")]
    Text {
        /// The text.
        text_id: TextId,
        /// What is wrong with it.
        source: ModelError,
    },
    /// A candidate does not fit its text.
    #[error("a candidate of text {text_id} {why}")]
    Candidate {
        /// Its text.
        text_id: TextId,
        /// What is wrong.
        why: String,
    },
    /// Texts that were there when they were counted are not there any more.
    #[error(
        "{missing} texts less than before were found; the files of texts and candidates changed while they were read: \
         leave them alone and run the same command again"
    )]
    TextsChanged {
        /// Texts without calls that were to go in.
        missing: u64,
    },
    /// A file was begun with other settings or inputs.
    #[error(
        "{} was begun with other settings or inputs{}; give the same ones to go on, another --out to start anew, or \
         delete what is there (with a JSONL file also its .units){}", path.display(), named(differing), longer(differing)
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What differs, where that is known.
        differing: Vec<String>,
    },
    /// There are checkpoints, and none can be read.
    #[error(
        "no checkpoint can be gone on from, such as {}: {why}; mend what is wrong with the folder, or move it away to begin anew",
        path.display()
    )]
    NoReadableCheckpoint {
        /// The newest.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A run was to go on, and there is nothing to go on from.
    #[error("{} holds no whole checkpoint to go on from; leave out --resume to begin", folder.display())]
    NothingToResume {
        /// The folder of checkpoints.
        folder: PathBuf,
    },
    /// Another process writes the same file.
    #[error("{} is being written by another process; wait for it, or choose another --out", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to train on.
    #[error("nothing to train on: {why}")]
    NoExamples {
        /// Why.
        why: String,
    },
    /// What the weights of a step give on held-out examples is no number.
    #[error(
        "the held-out loss is not finite at step {step}; lower the learning rate, and look for broken held-out examples"
    )]
    HeldOutNotFinite {
        /// The step, from 1.
        step: usize,
    },
    /// The loss is no number any more.
    #[error("the loss is not finite at step {step}; lower the learning rate")]
    NotFinite {
        /// The step, from 1.
        step: usize,
    },
    /// There is nothing to report.
    #[error(
        "{} holds neither stats.json nor candidates.jsonl, so there is nothing to report; give the folder that \
         `teach --out` was given, or a file of candidates",
        path.display()
    )]
    NothingToReport {
        /// The folder.
        path: PathBuf,
    },
    /// Runs of an evaluation cannot stand in one report.
    #[error("{why}")]
    RunsDiffer {
        /// Which, and why.
        why: String,
    },
    /// A report cannot be made of its data.
    #[error("the report cannot be made: {why}; this is a fault of the program, please tell its developers")]
    Report {
        /// What is wrong.
        why: String,
    },
    /// A checkpoint cannot be used.
    #[error("checkpoint {} {why}; delete it to start the training over", path.display())]
    Checkpoint {
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A data set failed.
    #[error(transparent)]
    Data(DataError),
    /// Decoding failed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The model or tokenizer failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<DataError> for TrainError {
    /// What is wrong with a file or a setting is told as this crate tells it.
    fn from(error: DataError) -> Self {
        match error {
            DataError::Read { path, source } => Self::Read { path, source },
            DataError::File { path, line, why } => Self::Texts { path, line, why },
            DataError::Setting { name, why } => Self::Setting { name, why },
            other => Self::Data(other),
        }
    }
}

impl TrainError {
    /// For `map_err` on writing `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    /// For `map_err` on reading `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }
}

/// ` (different: a, b)`
fn named(differing: &[String]) -> String {
    if differing.is_empty() { String::new() } else { format!(" (different: {})", differing.join(", ")) }
}

/// What to do for more steps: the schedule of the rate is that of the whole run, so that a run does not get longer.
fn longer(differing: &[String]) -> &'static str {
    let is_length = |name: &String| name.ends_with(".epochs") || name.ends_with(".max_steps");
    if differing.iter().any(is_length) {
        "; to learn more than a run did, train on what it saved, the model or the adapter, as a new run"
    } else {
        ""
    }
}
