//! `metrics.jsonl`: a line for each step and evaluation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{error::TrainError, trainer::Metric};

/// Appended to; a resumed run repeats the steps since its checkpoint, and a reader takes the last.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: fs::File,
}

impl MetricsFile {
    /// Opens or creates the file; a line torn by a kill is cut off.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let old = fs::read(path).unwrap_or_default();
        let whole = old.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let file =
            fs::OpenOptions::new().create(true).append(true).open(path).map_err(TrainError::write(path))?;
        file.set_len(whole as u64).map_err(TrainError::write(path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, metric: &Metric) -> Result<(), TrainError> {
        let written = serde_json::to_vec(metric).map_err(Into::into).and_then(|mut line| {
            line.push(b'\n');
            std::io::Write::write_all(&mut self.file, &line)
        });
        written.map_err(TrainError::write(&self.path))
    }
}
