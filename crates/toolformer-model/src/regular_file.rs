//! Opening a model's files: regular ones alone. Opening a pipe waits for a writer, and a device may never end.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use crate::error::ModelError;

/// Opens a file.
///
/// # Errors
/// If it is not there (with this advice), cannot be read, or is no regular file.
pub(crate) fn open(path: &Path, advice: &str) -> Result<File, ModelError> {
    let io = |source| ModelError::io(path, advice, source);
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(ModelError::NotAFile { path: path.to_owned() });
    }
    File::open(path).map_err(io)
}

/// Reads a file whole.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(path: &Path, advice: &str) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    let read = open(path, advice)?.read_to_end(&mut bytes);
    read.map_err(|source| ModelError::io(path, advice, source))?;
    Ok(bytes)
}

/// Reads a file of text whole.
///
/// # Errors
/// As [`open`], and if it is not UTF-8.
pub(crate) fn read_text(path: &Path, advice: &str) -> Result<String, ModelError> {
    let mut text = String::new();
    let read = open(path, advice)?.read_to_string(&mut text);
    read.map_err(|source| ModelError::io(path, advice, source))?;
    Ok(text)
}

/// Reads a file of text that need not be there.
///
/// # Errors
/// As [`read_text`].
pub(crate) fn read_text_if_there(path: &Path) -> Result<Option<String>, ModelError> {
    match read_text(path, "") {
        Ok(text) => Ok(Some(text)),
        Err(ModelError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
