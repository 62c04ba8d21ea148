//! Files that are read byte for byte; `-` is standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context as _, Result, anyhow};

use crate::failure::wrong_usage;

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file to read.
pub(crate) fn open_file(path: &Path) -> Result<File> {
    if path.is_dir() {
        return Err(wrong_usage(format!("{} is a folder; give a file", path.display())));
    }
    File::open(path).with_context(|| why(path))
}

fn why(path: &Path) -> String {
    format!("cannot read {}; check that the path is right and the permissions allow it", path.display())
}

/// All of a file, which must be UTF-8; no byte is changed.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        open_file(path)?.read_to_end(&mut bytes).with_context(|| why(path))?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        let what = if is_stdin(path) { "standard input".into() } else { path.display().to_string() };
        anyhow!("{what} is not UTF-8 text at byte {byte}; convert it first")
    })
}
