//! The bytes of a model file.

use std::{ops::Deref, path::Path};

use memmap2::Mmap;

use crate::{error::ModelError, regular_file};

/// Bytes that lie in a mapped file, or in memory.
#[derive(Debug)]
pub(crate) enum FileBytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl FileBytes {
    /// Maps a file; nothing of it is read yet. An empty file has no bytes.
    ///
    /// # Errors
    /// If it is not there (with this advice), cannot be read, or is no regular file.
    pub(crate) fn map(path: &Path, advice: &str) -> Result<Self, ModelError> {
        let io = |source| ModelError::io(path, advice, source);
        let file = regular_file::open(path, advice)?;
        if file.metadata().map_err(io)?.len() == 0 {
            return Ok(Self::Owned(Vec::new()));
        }
        #[expect(unsafe_code, reason = "mapping a model file; it must not be truncated while it is open")]
        let bytes = unsafe { Mmap::map(&file) }.map_err(io)?;
        Ok(Self::Mapped(bytes))
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}
