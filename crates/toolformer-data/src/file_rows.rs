//! The rows of files.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
};

use crate::{
    error::DataError,
    file_format::FileFormat,
    read_settings::ReadSettings,
    readers::{CsvRows, JsonRows, JsonlRows, ParquetLines, csv_columns, open_unpacked, text_rows},
    row_source::{RowIter, RowSource},
};

/// The rows of files, one file after the other; each is opened when its first row is asked for.
#[derive(Clone, Debug)]
pub struct FileRows {
    files: Vec<(PathBuf, FileFormat)>,
    settings: ReadSettings,
}

impl FileRows {
    /// Names files; [`data_files`](crate::data_files) finds them.
    ///
    /// # Errors
    /// If there is none, or neither the settings nor the name of a file say how its data lie.
    pub fn new(files: Vec<PathBuf>, settings: ReadSettings) -> Result<Self, DataError> {
        if files.is_empty() {
            return Err(DataError::setting("files", "there is none; name one that holds data"));
        }
        let with_format = |path: PathBuf| {
            let format = settings.format.or_else(|| FileFormat::of(&path));
            let why = "does not say by its name what it is; end it in .json, .jsonl, .csv, .tsv, .txt (each also with \
                       .gz) or .parquet, or set `format`";
            format.map(|format| (path.clone(), format)).ok_or_else(|| DataError::file(&path, 0, why))
        };
        let files = files.into_iter().map(with_format).collect::<Result<_, _>>()?;
        Ok(Self { files, settings })
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    fn open(&self, path: &Path, format: FileFormat) -> Result<RowIter<'static>, DataError> {
        let named = path.to_owned();
        Ok(match format {
            FileFormat::Json => {
                Box::new(JsonRows::open(open_unpacked(path)?, named, self.settings.field.clone())?)
            }
            FileFormat::Jsonl => Box::new(JsonlRows::new(open_unpacked(path)?, named)),
            FileFormat::Csv | FileFormat::Tsv => {
                Box::new(CsvRows::open(path, self.delimiter(format), self.settings.csv_types)?)
            }
            FileFormat::Parquet => Box::new(JsonlRows::new(BufReader::new(ParquetLines::open(path)?), named)),
            FileFormat::Text => text_rows(open_unpacked(path)?, named, self.settings.text_unit),
        })
    }

    fn delimiter(&self, format: FileFormat) -> u8 {
        let usual = if format == FileFormat::Tsv { b'\t' } else { b',' };
        self.settings.delimiter.unwrap_or(usual)
    }

    /// None where only the rows tell.
    fn columns(&self, path: &Path, format: FileFormat) -> Result<Option<Vec<String>>, DataError> {
        Ok(match format {
            FileFormat::Csv | FileFormat::Tsv => Some(csv_columns(path, self.delimiter(format))?),
            FileFormat::Parquet => Some(ParquetLines::open(path)?.columns().to_vec()),
            FileFormat::Text => Some(vec!["text".to_owned()]),
            FileFormat::Json | FileFormat::Jsonl => None,
        })
    }
}

impl RowSource for FileRows {
    fn rows(&self) -> Result<RowIter<'_>, DataError> {
        let files = self.files.iter().map(|(path, format)| self.open(path, *format));
        Ok(Box::new(files.flat_map(|rows| match rows {
            Ok(rows) => rows,
            Err(error) => Box::new(std::iter::once(Err(error))),
        })))
    }

    /// Known if all files are Parquet.
    fn known_len(&self) -> Result<Option<usize>, DataError> {
        let mut rows = 0;
        for (path, format) in &self.files {
            if *format != FileFormat::Parquet {
                return Ok(None);
            }
            rows += ParquetLines::open(path)?.rows();
        }
        Ok(Some(rows))
    }

    /// Known of tables, Parquet and text: those of all files, in the order in which they are met.
    fn known_columns(&self) -> Result<Option<Vec<String>>, DataError> {
        let mut all: Vec<String> = Vec::new();
        for (path, format) in &self.files {
            let Some(columns) = self.columns(path, *format)? else { return Ok(None) };
            for column in columns {
                if !all.contains(&column) {
                    all.push(column);
                }
            }
        }
        Ok(Some(all))
    }
}
