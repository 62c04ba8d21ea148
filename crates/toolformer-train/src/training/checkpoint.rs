//! Checkpoints of a training run: a folder each, there whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{Evaluation, early_stopping::Patience, optimizer::Optimizer, run_identity::RunIdentity};
use crate::{error::TrainError, folder_lock::FolderLock, whole_file::write_whole};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The run that it is of.
    pub(super) run: RunIdentity,
    /// Steps done.
    pub(super) step: usize,
    /// Loss of the first step, in nats per token.
    pub(super) loss_first: Option<f64>,
    /// Loss of the last step.
    pub(super) loss_last: Option<f64>,
    /// Tokens that went through the model.
    pub(super) tokens: usize,
    /// Weight of the examples trained on: tokens in the loss, or examples.
    #[serde(default)]
    pub(super) in_loss: usize,
    /// Seconds spent.
    pub(super) seconds: f64,
    /// The best evaluation so far, with its step.
    pub(super) best: Option<(usize, Evaluation)>,
    /// The newest evaluation, with its step.
    #[serde(default)]
    pub(super) newest: Option<(usize, Evaluation)>,
    /// How long evaluations have been no better.
    #[serde(default)]
    pub(super) patience: Patience,
    /// Whether the run ended before its last step.
    #[serde(default)]
    pub(super) stopped: bool,
}

impl State {
    /// That of a run that has done nothing.
    pub(super) fn new(run: RunIdentity) -> Self {
        Self {
            run,
            step: 0,
            loss_first: None,
            loss_last: None,
            tokens: 0,
            in_loss: 0,
            seconds: 0.0,
            best: None,
            newest: None,
            patience: Patience::default(),
            stopped: false,
        }
    }
}

/// The checkpoints of a run, in one folder.
pub(super) struct Checkpoints {
    folder: PathBuf,
    /// How many of the newest are kept.
    keep: usize,
    _lock: FolderLock,
}

impl Checkpoints {
    pub(super) fn new(folder: &Path, keep: usize) -> Result<Self, TrainError> {
        Ok(Self { folder: folder.to_owned(), keep, _lock: FolderLock::take(folder)? })
    }

    fn path(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step:06}"))
    }

    /// The folder of the best weights.
    pub(super) fn best(&self) -> PathBuf {
        self.folder.join("best")
    }

    /// Whole checkpoints, the newest last.
    fn all(&self) -> Result<Vec<PathBuf>, TrainError> {
        let entries = fs::read_dir(&self.folder).map_err(TrainError::read(&self.folder))?;
        let step = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("step-")?.parse::<usize>().ok();
        let mut found: Vec<(usize, PathBuf)> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter_map(|path| step(&path).map(|step| (step, path)))
            .collect();
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// The checkpoints whose state can be read, the newest first, and those whose state cannot.
    ///
    /// # Errors
    /// If the newest is of other settings or examples.
    pub(super) fn found(&self, run: &RunIdentity) -> Result<Found, TrainError> {
        let mut found = Found::default();
        for path in self.all()?.into_iter().rev() {
            let read = fs::read(path.join("state.json")).map_err(|error| error.to_string());
            let state = read.and_then(|text| {
                serde_json::from_slice::<State>(&text).map_err(|error| format!("state.json: {error}"))
            });
            match state {
                // Older ones do not matter where the run has its own.
                Ok(state) if state.run != *run && !found.readable.is_empty() => break,
                Ok(state) if state.run != *run => {
                    let differing = state.run.differing(run);
                    return Err(TrainError::OtherRun { path: self.folder.clone(), differing });
                }
                Ok(state) => found.readable.push((path, state)),
                Err(why) => found.damaged.push((path, why)),
            }
        }
        Ok(found)
    }

    /// Writes a checkpoint: the weights through `save`, the optimiser, the state. Of older ones only the newest are kept
    /// then. Returns its folder.
    pub(super) fn write<B: Backend>(
        &self,
        state: &State,
        optimizer: &Optimizer<B>,
        device: &B::Device,
        save: impl FnOnce(&Path) -> Result<(), TrainError>,
    ) -> Result<PathBuf, TrainError> {
        let path = self.path(state.step);
        let partial = path.with_extension("partial");
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(TrainError::write(&partial))?;
        save(&partial)?;
        optimizer.save(&partial.join("optimizer.safetensors"), device)?;
        write_whole(&partial.join("state.json"), |out| Ok(serde_json::to_writer(out, state)?))?;
        remove(&path)?;
        fs::rename(&partial, &path).map_err(TrainError::write(&path))?;
        let all = self.all()?;
        // Those behind it are of a run that went on from an older one.
        let behind = all.iter().filter(|other| **other > path);
        let before: Vec<&PathBuf> = all.iter().filter(|other| **other < path).collect();
        let old = before.iter().rev().skip(self.keep - 1).copied();
        behind.chain(old).try_for_each(|path| remove(path))?;
        Ok(path)
    }

    /// Replaces the best weights.
    pub(super) fn write_best(
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
}

/// What a folder of checkpoints has to go on from.
#[derive(Default)]
pub(super) struct Found {
    /// Those whose state can be read, the newest first.
    pub(super) readable: Vec<(PathBuf, State)>,
    /// The others, and why.
    pub(super) damaged: Vec<(PathBuf, String)>,
}

fn remove(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::write(path)(error)),
        _ => Ok(()),
    }
}
