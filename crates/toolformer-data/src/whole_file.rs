//! Files that are there whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::error::DataError;

/// Writes beside `path`, then renames; a killed or failed write leaves what was there before.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let wrong = || DataError::write(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut partial = NamedTempFile::new_in(folder).map_err(wrong())?;
    let mut out = BufWriter::new(partial.as_file_mut());
    write(&mut out)?;
    out.flush().map_err(wrong())?;
    drop(out);
    partial.as_file().sync_all().map_err(wrong())?;
    partial.persist(path).map_err(|error| DataError::write(path)(error.error))?;
    Ok(())
}
