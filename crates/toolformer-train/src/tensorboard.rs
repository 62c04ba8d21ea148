//! Metrics as event files that TensorBoard reads.
//!
//! A frame (`record.rs`) and one message (`event.rs`) are all that is needed of them; why no crate writes them stands in
//! docs/architecture.md.

mod event;
mod record;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{error::TrainError, training::Metric};

/// What names of event files begin with: TensorBoard looks for it.
const NAME: &str = "events.out.tfevents.";

/// Scalars in a folder, appended to. What a killed run wrote behind its last checkpoint, and a record that it did not end, go
/// as soon as the resumed one repeats the step.
#[derive(Debug)]
pub struct TensorboardFile {
    folder: PathBuf,
    host: String,
    open: Option<(PathBuf, fs::File)>,
}

impl TensorboardFile {
    /// The events of a folder, which is made and touched by the first append only. It may hold those of an earlier part of
    /// the run; `host` stands in the name of a new file, `events.out.tfevents.SECONDS.HOST`.
    pub fn new(folder: &Path, host: &str) -> Self {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        Self { folder: folder.to_owned(), host: host.chars().map(plain).collect(), open: None }
    }

    /// Appends what a step or an evaluation measured, under the names of Hugging Face's trainer: `train/loss`,
    /// `train/grad_norm`, `train/learning_rate`, `eval/loss`; and `eval/perplexity`, `eval/accuracy`, `eval/f1`, `eval/margin`.
    /// `wall_time` is in seconds since 1970. A closure that does this is a [`Callback`](crate::Callback).
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn append(&mut self, metric: &Metric, wall_time: f64) -> Result<(), TrainError> {
        let Metric {
            step,
            loss,
            gradient_norm,
            learning_rate,
            perplexity,
            held_out_loss,
            accuracy,
            f1,
            margin,
        } = metric;
        let scalars = [
            ("train/loss", loss),
            ("train/grad_norm", gradient_norm),
            ("train/learning_rate", learning_rate),
            ("eval/perplexity", perplexity),
            ("eval/loss", held_out_loss),
            ("eval/accuracy", accuracy),
            ("eval/f1", f1),
            ("eval/margin", margin),
        ];
        let measured = scalars.into_iter().filter_map(|(tag, value)| Some((tag, (*value)?)));
        measured.into_iter().try_for_each(|(tag, value)| self.append_scalar(tag, *step, wall_time, value))
    }

    /// Appends a value; it is kept in single precision. Steps do not fall.
    ///
    /// # Errors
    /// As [`TensorboardFile::append`].
    pub fn append_scalar(
        &mut self,
        tag: &str,
        step: usize,
        wall_time: f64,
        value: f64,
    ) -> Result<(), TrainError> {
        let step = step as u64;
        let (path, file) = match &mut self.open {
            Some(open) => open,
            closed => closed.insert(open_before(&self.folder, &self.host, step, wall_time)?),
        };
        let mut bytes = Vec::new();
        record::write(&event::scalar(tag, step, wall_time, value as f32), &mut bytes);
        file.write_all(&bytes).map_err(TrainError::write(path))
    }
}

/// Opens the folder's newest file, or a new one; all files keep the whole events of the steps before `step`.
fn open_before(
    folder: &Path,
    host: &str,
    step: u64,
    wall_time: f64,
) -> Result<(PathBuf, fs::File), TrainError> {
    fs::create_dir_all(folder).map_err(TrainError::write(folder))?;
    let mut newest: Option<PathBuf> = None;
    for entry in fs::read_dir(folder).map_err(TrainError::read(folder))? {
        let path = entry.map_err(TrainError::read(folder))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NAME)) {
            cut_before(&path, step)?;
            newest = newest.max(Some(path));
        }
    }
    let path = newest.unwrap_or_else(|| folder.join(format!("{NAME}{:010}.{host}", wall_time as u64)));
    let opened = fs::OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
        if file.metadata()?.len() == 0 {
            let mut bytes = Vec::new();
            record::write(&event::file_version(wall_time), &mut bytes);
            file.write_all(&bytes)?;
        }
        Ok(file)
    });
    let file = opened.map_err(TrainError::write(&path))?;
    Ok((path, file))
}

/// Cuts a file at its first event that is torn, damaged or of `step` or a later one. The first of all says the format and
/// is of no step.
fn cut_before(path: &Path, step: u64) -> Result<(), TrainError> {
    let bytes = fs::read(path).map_err(TrainError::read(path))?;
    let mut kept = 0;
    for (number, (data, end)) in record::read(&bytes).enumerate() {
        if number > 0 && event::step_of(data).is_none_or(|found| found >= step) {
            break;
        }
        kept = end;
    }
    if kept < bytes.len() {
        let file = fs::OpenOptions::new().write(true).open(path);
        file.and_then(|file| file.set_len(kept as u64)).map_err(TrainError::write(path))?;
    }
    Ok(())
}
