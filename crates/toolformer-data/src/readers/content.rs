//! The bytes of a file, unpacked.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::error::DataError;

/// A content that can be read once.
pub type Content = BufReader<Box<dyn Read + Send>>;

/// Opens a file; what ends in `.gz` is unpacked as it is read, also where several packed files were put together.
///
/// # Errors
/// If it cannot be opened.
pub fn open_unpacked(path: &Path) -> Result<Content, DataError> {
    let file = File::open(path).map_err(DataError::read(path))?;
    Ok(BufReader::new(if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    }))
}

/// Why a content cannot be read.
pub(super) fn unreadable(error: &std::io::Error) -> String {
    format!("cannot be read ({error}); texts are UTF-8, and a packed file has to be whole")
}
