//! Files of data: a path, a folder with all that is in it, or a pattern.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, glob_with};

use crate::{error::DataError, file_format::FileFormat};

/// Files beside data that are none, as Hugging Face's libraries write them.
const NO_DATA: &[&str] = &["dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"];

/// The files that `what` names, in the order of their names:
///
/// - a file: itself;
/// - a folder: all files in it and in its folders whose names end like those of data ([`FileFormat::of`]); hidden
///   ones, and those that begin with `__`, are left out;
/// - else a pattern, with `*`, `?`, `[ab]` and, for folders at any depth, `**`.
///
/// # Errors
/// If there is none, or a folder cannot be read.
pub fn data_files(what: &str) -> Result<Vec<PathBuf>, DataError> {
    let path = Path::new(what);
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        let pattern = Path::new(&glob::Pattern::escape(what)).join("**").join("*");
        let files = matches(what, &pattern.to_string_lossy())?.into_iter();
        let files: Vec<PathBuf> =
            files.filter(|file| is_data(file.strip_prefix(path).unwrap_or(file))).collect();
        let why = "has no files of data in it; they end in .json, .jsonl, .csv, .tsv, .parquet or .txt, \
                   each but .parquet also in .gz";
        return some(files, what, why);
    }
    some(matches(what, what)?, what, "names no file; check the path, or the pattern's * and **")
}

fn some(files: Vec<PathBuf>, what: &str, why: &str) -> Result<Vec<PathBuf>, DataError> {
    if files.is_empty() {
        return Err(DataError::NoFiles { what: what.to_owned(), why: why.to_owned() });
    }
    Ok(files)
}

/// Sorted, as the file system's order is no order.
fn matches(what: &str, pattern: &str) -> Result<Vec<PathBuf>, DataError> {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found = glob_with(pattern, options).map_err(|error| DataError::NoFiles {
        what: what.to_owned(),
        why: format!("is no pattern ({error})"),
    })?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| {
            let path = error.path().to_owned();
            DataError::Read { path, source: error.into() }
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `file` is named from the folder on.
fn is_data(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let hidden = file.iter().any(|part| part.to_string_lossy().starts_with("__"));
    FileFormat::of(file).is_some() && !hidden && !NO_DATA.contains(&&*name)
}
