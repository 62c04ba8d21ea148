//! What stands for a content: its SHA-256.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{dataset::Dataset, error::DataError, row_source::RowSource as _};

/// The SHA-256 of rows or of files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentKey([u8; 32]);

impl ContentKey {
    /// Of rows, whatever they were read from and changed by. Goes through them once.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn of_rows(rows: &Dataset) -> Result<Self, DataError> {
        let mut hash = Sha256::new_with_prefix("rows\n");
        for row in rows.rows()? {
            // Rows are JSON objects, which can always be written and tell where they end.
            hash.update(serde_json::to_vec(&row?).unwrap_or_default());
        }
        Ok(Self(hash.finalize().into()))
    }

    /// Of the bytes of files, in their order; not of their names, but of how these end, which says how they are read. What is
    /// done with their rows belongs into the fingerprint of the tokenizer.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn of_files(files: &[PathBuf]) -> Result<Self, DataError> {
        let mut hash = Sha256::new_with_prefix("files\n");
        for path in files {
            hash.update(of_file(path)?);
            hash.update(format!("{:?}\n", crate::file_format::FileFormat::of(path)));
        }
        Ok(Self(hash.finalize().into()))
    }

    /// For a content that is tokenised in one way.
    pub(super) fn with(&self, tokenizer: &str) -> Self {
        let hash = Sha256::new_with_prefix("tokens\n").chain_update(self.0).chain_update(tokenizer);
        Self(hash.finalize().into())
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In hexadecimal.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn of_file(path: &Path) -> Result<[u8; 32], DataError> {
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(DataError::read(path))?;
    io::copy(&mut file, &mut hash).map_err(DataError::read(path))?;
    Ok(hash.finalize().into())
}
