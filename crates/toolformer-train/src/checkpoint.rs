//! Checkpoints of a training run: a folder each, there whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::AutodiffModule,
    optim::Optimizer,
    record::{BinBytesRecorder, FullPrecisionSettings, Recorder},
    tensor::backend::AutodiffBackend,
};
use serde::{Deserialize, Serialize};

use crate::{error::TrainError, folder_lock::FolderLock, perplexity::Perplexity, whole_file::write_whole};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Stands for the settings and examples of the run.
    pub(crate) fingerprint: String,
    /// Steps done.
    pub(crate) step: usize,
    /// Loss of the first step, in nats per token.
    pub(crate) loss_first: Option<f64>,
    /// Loss of the last step.
    pub(crate) loss_last: Option<f64>,
    /// Tokens trained on.
    pub(crate) tokens: usize,
    /// Seconds spent.
    pub(crate) seconds: f64,
    /// The best evaluation so far, with its step.
    pub(crate) best: Option<(usize, Perplexity)>,
}

/// The checkpoints of a run, in one folder.
pub(crate) struct Checkpoints {
    folder: PathBuf,
    _lock: FolderLock,
}

type OptimizerBytes = BinBytesRecorder<FullPrecisionSettings>;

impl Checkpoints {
    pub(crate) fn new(folder: &Path) -> Result<Self, TrainError> {
        Ok(Self { folder: folder.to_owned(), _lock: FolderLock::take(folder)? })
    }

    fn path(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step:06}"))
    }

    /// The folder of the best weights.
    pub(crate) fn best(&self) -> PathBuf {
        self.folder.join("best")
    }

    /// The newest checkpoint, if there is one.
    ///
    /// # Errors
    /// If there is one of other settings or examples, or it cannot be read.
    pub(crate) fn newest(&self, fingerprint: &str) -> Result<Option<(PathBuf, State)>, TrainError> {
        let entries = fs::read_dir(&self.folder).map_err(TrainError::read(&self.folder))?;
        let names =
            entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned());
        let Some(newest) = names.filter(|name| name.starts_with("step-") && !name.contains('.')).max() else {
            return Ok(None);
        };
        let path = self.folder.join(newest);
        let text = fs::read(path.join("state.json")).map_err(TrainError::read(&path))?;
        let state: State = serde_json::from_slice(&text).map_err(|error| TrainError::Checkpoint {
            path: path.clone(),
            why: format!("is damaged: {error}"),
        })?;
        if state.fingerprint != fingerprint {
            return Err(TrainError::OtherRun { path: self.folder.clone(), differing: Vec::new() });
        }
        Ok(Some((path, state)))
    }

    /// Writes a checkpoint: the weights through `save`, the optimiser, the state. Older ones are removed then.
    pub(crate) fn write<B: AutodiffBackend, M: AutodiffModule<B>, O: Optimizer<M, B>>(
        &self,
        state: &State,
        optimizer: &O,
        save: impl FnOnce(&Path) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let path = self.path(state.step);
        let partial = path.with_extension("partial");
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(TrainError::write(&partial))?;
        save(&partial)?;
        let record = Recorder::<B>::record(&OptimizerBytes::default(), optimizer.to_record(), ());
        let bytes = record.map_err(|error| TrainError::Write {
            path: partial.clone(),
            source: std::io::Error::other(error.to_string()),
        })?;
        write_whole(&partial.join("optimizer.bin"), |out| std::io::Write::write_all(out, &bytes))?;
        write_whole(&partial.join("state.json"), |out| Ok(serde_json::to_writer(out, state)?))?;
        remove(&path)?;
        fs::rename(&partial, &path).map_err(TrainError::write(&path))?;
        let entries = fs::read_dir(&self.folder).map_err(TrainError::read(&self.folder))?;
        for entry in entries.filter_map(Result::ok) {
            if entry.path() != path && entry.file_name().to_string_lossy().starts_with("step-") {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Replaces the best weights.
    pub(crate) fn write_best(
        &self,
        save: impl FnOnce(&Path) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let best = self.best();
        let partial = best.with_extension("partial");
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(TrainError::write(&partial))?;
        save(&partial)?;
        remove(&best)?;
        fs::rename(&partial, &best).map_err(TrainError::write(&best))
    }

    /// Puts a checkpoint's optimiser back.
    pub(crate) fn load_optimizer<B: AutodiffBackend, M: AutodiffModule<B>, O: Optimizer<M, B>>(
        path: &Path,
        optimizer: O,
        device: &B::Device,
    ) -> Result<O, TrainError> {
        let bytes = fs::read(path.join("optimizer.bin")).map_err(TrainError::read(path))?;
        let record = Recorder::<B>::load(&OptimizerBytes::default(), bytes, device);
        let record = record.map_err(|error| TrainError::Checkpoint {
            path: path.to_owned(),
            why: format!("holds no optimiser state: {error}"),
        })?;
        Ok(optimizer.load_record(record))
    }
}

fn remove(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::write(path)(error)),
        _ => Ok(()),
    }
}
