//! Files that are written beside their place and renamed: a killed save leaves what was there before.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::ModelError;

/// A whole file beside its place.
#[derive(Debug)]
pub(crate) struct FileBeside {
    partial: PathBuf,
    path: PathBuf,
}

impl FileBeside {
    /// Lets `write` make a file beside `path`.
    pub(crate) fn write(
        path: &Path,
        write: impl FnOnce(&Path) -> Result<(), ModelError>,
    ) -> Result<Self, ModelError> {
        let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(".partial");
        let beside = Self { partial: path.with_file_name(name), path: path.to_owned() };
        let written = write(&beside.partial).and_then(|()| {
            let synced = fs::File::open(&beside.partial).and_then(|file| file.sync_all());
            synced.map_err(|source| ModelError::Write { path: path.to_owned(), source })
        });
        match written {
            Ok(()) => Ok(beside),
            Err(error) => {
                beside.discard();
                Err(error)
            }
        }
    }

    /// Puts the file in its place.
    pub(crate) fn put(self) -> Result<(), ModelError> {
        let Self { partial, path } = self;
        fs::rename(partial, &path).map_err(|source| ModelError::Write { path, source })
    }

    /// Drops the file: half a model is of no use, and the disk may be full of it.
    pub(crate) fn discard(self) {
        let _ = fs::remove_file(&self.partial);
    }
}

/// Lets `write` make a file beside `path`, then puts it in its place.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    FileBeside::write(path, write)?.put()
}

/// Writes JSON with a line's end.
pub(crate) fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), ModelError> {
    let text = format!("{value:#}\n");
    replace(path, |partial| {
        fs::write(partial, text).map_err(|source| ModelError::Write { path: path.to_owned(), source })
    })
}
