//! The bytes of a model file.

use std::{fs::File, ops::Deref, path::Path};

use memmap2::Mmap;

use crate::error::ModelError;

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
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(io(std::io::Error::other("not a regular file")));
        }
        if metadata.len() == 0 {
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
