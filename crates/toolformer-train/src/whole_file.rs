//! Files that are there whole or not at all: written beside their place, synced, renamed.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use serde::Serialize;

use crate::{error::TrainError, jsonl_lines::JsonlLines};

/// Writes `path` through `write`; a killed or failed write leaves what was there before.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), TrainError> {
    try_write_whole(path, |out| write(out).map_err(TrainError::write(path)))
}

/// As [`write_whole`], where making what is written may fail too.
pub(crate) fn try_write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let attempt = || {
        let wrong = || TrainError::write(path);
        let mut out = BufWriter::new(File::create(&partial).map_err(wrong())?);
        write(&mut out)?;
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(wrong())?;
        fs::rename(&partial, path).map_err(wrong())
    };
    attempt().inspect_err(|_| {
        // Half a file is of no use, and the disk may be full of it.
        let _ = fs::remove_file(&partial);
    })
}

/// Writes objects as JSONL, whole.
///
/// # Errors
/// If it cannot be written.
pub fn write_jsonl<T: Serialize>(
    path: &Path,
    objects: impl IntoIterator<Item = T>,
) -> Result<(), TrainError> {
    try_write_jsonl(path, objects.into_iter().map(Ok))
}

/// As [`write_jsonl`], where making an object may fail too.
pub(crate) fn try_write_jsonl<T: Serialize>(
    path: &Path,
    objects: impl IntoIterator<Item = Result<T, TrainError>>,
) -> Result<(), TrainError> {
    try_write_whole(path, |out| {
        objects.into_iter().try_for_each(|object| write_line(out, &object?).map_err(TrainError::write(path)))
    })
}

/// Writes an object on a line.
pub(crate) fn write_line(out: &mut impl Write, object: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// Reads the objects of a JSONL file.
///
/// # Errors
/// If it cannot be read or a line is no such object.
pub fn read_jsonl<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, TrainError> {
    JsonlLines::open(path)?.collect()
}
