//! What tests are given: rows, files, and sets both in memory and streamed.

use std::path::PathBuf;

use tempfile::TempDir;
use toolformer_data::{DataError, Dataset, ReadSettings, Row, RowIter, RowSource};

/// A row with one column `n`.
pub(crate) fn row(n: usize) -> Row {
    Row::from_iter([("n".to_owned(), n.into())])
}

/// Rows with these numbers, in memory.
pub(crate) fn numbers(numbers: impl IntoIterator<Item = usize>) -> Dataset {
    numbers.into_iter().map(row).collect()
}

/// A set that can only be read from its start, and knows nothing of itself.
pub(crate) struct Stream(pub(crate) Dataset);

impl RowSource for Stream {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        self.0.rows()
    }
}

/// The same rows, streamed.
pub(crate) fn streamed(set: &Dataset) -> Dataset {
    Dataset::streamed(Stream(set.clone()))
}

/// The column `n` of all rows.
pub(crate) fn read(set: &Dataset) -> Vec<usize> {
    set.rows().unwrap().map(|row| row.unwrap()["n"].as_u64().unwrap() as usize).collect()
}

/// A folder with files.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// The path of something in a folder, as text.
pub(crate) fn at(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

/// All rows of a file as one line of JSON each, twice, as a set can be gone through again.
pub(crate) fn rows_of(name: &str, content: &[u8], settings: &ReadSettings) -> Result<Vec<String>, DataError> {
    let folder = folder(&[(name, content)]);
    let set = Dataset::open(&at(&folder, name), settings)?;
    let read = || set.rows()?.map(|row| Ok(serde_json::to_string(&row?).unwrap())).collect();
    let rows: Result<Vec<String>, DataError> = read();
    if let Ok(rows) = &rows {
        assert_eq!(*rows, read().unwrap());
    }
    rows
}

/// A content packed by gzip.
pub(crate) fn packed(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// The names of files, from the folder on.
pub(crate) fn names(folder: &TempDir, files: &[PathBuf]) -> Vec<String> {
    let name = |file: &PathBuf| file.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned();
    files.iter().map(name).collect()
}
