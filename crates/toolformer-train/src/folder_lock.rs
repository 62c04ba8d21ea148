//! One process at a time in a folder.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use crate::error::TrainError;

/// Holds a folder until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started has a copy of the file open.
        let _ = self.file.unlock();
    }
}

impl FolderLock {
    /// Takes a folder, which is made if needed.
    ///
    /// # Errors
    /// If another process has it, or it cannot be written.
    pub(crate) fn take(folder: &Path) -> Result<Self, TrainError> {
        fs::create_dir_all(folder).map_err(TrainError::write(folder))?;
        let path = folder.join(".lock");
        let file = File::create(&path).map_err(TrainError::write(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(TrainError::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(TrainError::Write { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(TrainError::InUse { .. })));
        drop(first);
        assert!(FolderLock::take(folder.path()).is_ok());
    }
}
