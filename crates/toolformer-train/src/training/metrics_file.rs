//! `metrics.jsonl`: a line for each step and evaluation, each there once.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Callback, Metric, Verdict};
use crate::{error::TrainError, whole_file::write_whole};

/// Appended to. What a killed run wrote behind its last checkpoint goes as soon as the resumed one repeats it.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: Option<fs::File>,
}

#[derive(Deserialize)]
struct Step {
    step: usize,
}

impl MetricsFile {
    /// The file, which is touched by the first append only.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }

    /// Appends a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, metric: &Metric) -> Result<(), TrainError> {
        let file = match &mut self.file {
            Some(file) => file,
            closed => closed.insert(open_before(&self.path, metric.step)?),
        };
        let written = serde_json::to_vec(metric).map_err(Into::into).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        written.map_err(TrainError::write(&self.path))
    }
}

impl Callback for MetricsFile {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        self.append(metric).map(|()| Verdict::GoOn)
    }
}

/// Opens the file with the whole lines of the steps before `step`.
fn open_before(path: &Path, step: usize) -> Result<fs::File, TrainError> {
    let old = match fs::read_to_string(path) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(TrainError::read(path)(error)),
    };
    let before = |line: &&str| {
        let found = serde_json::from_str::<Step>(line);
        line.ends_with('\n') && found.is_ok_and(|found| found.step < step)
    };
    let kept: String = old.split_inclusive('\n').take_while(before).collect();
    if kept != old {
        write_whole(path, |file| file.write_all(kept.as_bytes()))?;
    }
    fs::OpenOptions::new().create(true).append(true).open(path).map_err(TrainError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(step: usize) -> Metric {
        Metric { step, loss: Some(1.0), ..Metric::default() }
    }

    #[test]
    fn repeated_steps_and_torn_lines_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let append = |steps: std::ops::RangeInclusive<usize>| {
            let mut file = MetricsFile::new(&path);
            steps.for_each(|step| file.append(&metric(step)).unwrap());
        };
        append(1..=5);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        append(3..=5);
        assert_eq!(fs::read(&path).unwrap(), whole);
        append(6..=6);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 6);
    }
}
