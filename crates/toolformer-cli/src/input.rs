//! Files that are read byte for byte; `-` is standard input.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context as _, Result, anyhow};

/// All of a file, which must be UTF-8; no byte is changed.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        bytes = fs::read(path).with_context(|| {
            format!(
                "cannot read {}; check that the path is right and the permissions allow it",
                path.display()
            )
        })?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        anyhow!("{} is not UTF-8 text at byte {byte}; convert it first", path.display())
    })
}
