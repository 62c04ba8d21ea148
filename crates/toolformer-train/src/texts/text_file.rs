//! A file of texts: JSONL, Parquet or plain paragraphs; gzip by extension; `-` is standard input.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;

#[cfg(feature = "parquet")]
use super::parquet_rows::ParquetRows;
use super::{Text, TextIter, TextSource, jsonl::TextLines, paragraphs::Paragraphs, summary::check_texts};
use crate::error::TrainError;

/// A file of texts, by its extension:
///
/// - `.txt`: a text for each paragraph, with blank lines between;
/// - `.parquet`: a text for each row, with a column `text` (feature `parquet`);
/// - anything else: JSONL with a `text` in every object.
///
/// A further `.gz` on the first and the last means gzip. `-` is JSONL on standard input.
#[derive(Debug)]
pub struct TextFile {
    path: PathBuf,
    /// What came from standard input, which can be read once only.
    copy: Option<NamedTempFile>,
}

enum Format {
    Jsonl,
    Paragraphs,
    Parquet,
}

impl TextFile {
    /// Names a file; standard input is read to its end, onto the disk.
    ///
    /// # Errors
    /// If standard input cannot be copied.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let copy = || -> io::Result<NamedTempFile> {
            let mut copy = NamedTempFile::new()?;
            io::copy(&mut io::stdin().lock(), &mut copy)?;
            Ok(copy)
        };
        let copy = is_standard_input(path).then(copy).transpose().map_err(TrainError::read(path))?;
        Ok(Self { path: path.to_owned(), copy })
    }
}

impl TextSource for TextFile {
    fn texts(&self) -> Result<TextIter<'_>, TrainError> {
        let path = self.path.clone();
        Ok(match &self.copy {
            Some(copy) => {
                let copy = copy.reopen().map_err(TrainError::read(&path))?;
                Box::new(TextLines::new(BufReader::new(Box::new(copy)), path))
            }
            None => match content(&path)? {
                (Format::Paragraphs, reader) => Box::new(Paragraphs::new(reader, path)),
                (_, reader) => Box::new(TextLines::new(reader, path)),
            },
        })
    }
}

/// A content that can be read once.
type Reader = BufReader<Box<dyn Read + Send>>;

/// The texts of a file with their lines, to be read once.
pub(crate) fn text_lines(path: &Path) -> Result<TextLines<Reader>, TrainError> {
    let reader = if is_standard_input(path) {
        BufReader::new(Box::new(io::stdin()) as Box<dyn Read + Send>)
    } else {
        let (format, reader) = content(path)?;
        if let Format::Paragraphs = format {
            let why = "is plain text, which has no objects to go on with; give JSONL".into();
            return Err(TrainError::Texts { path: path.to_owned(), line: 0, why });
        }
        reader
    };
    Ok(TextLines::new(reader, path.to_owned()))
}

/// The content of a file, unpacked, with rows of Parquet as JSONL.
fn content(path: &Path) -> Result<(Format, Reader), TrainError> {
    let name = path.to_string_lossy();
    let (inner, packed) = name.strip_suffix(".gz").map_or((&*name, false), |inner| (inner, true));
    let format = match inner.rsplit_once('.') {
        Some((_, "txt")) => Format::Paragraphs,
        Some((_, "parquet")) if !packed => Format::Parquet,
        _ => Format::Jsonl,
    };
    let file = File::open(path).map_err(TrainError::read(path))?;
    let reader: Box<dyn Read + Send> = match format {
        Format::Parquet => parquet(file, path)?,
        _ if packed => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        _ => Box::new(file),
    };
    Ok((format, BufReader::new(reader)))
}

fn is_standard_input(path: &Path) -> bool {
    path == OsStr::new("-")
}

#[cfg(feature = "parquet")]
fn parquet(file: File, path: &Path) -> Result<Box<dyn Read + Send>, TrainError> {
    Ok(Box::new(ParquetRows::open(file, path)?))
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: File, path: &Path) -> Result<Box<dyn Read + Send>, TrainError> {
    let why = "is Parquet, which this program was built without; build it with the feature `parquet`, or give JSONL";
    Err(TrainError::Texts { path: path.to_owned(), line: 0, why: why.into() })
}

/// Reads all texts of a file into memory.
///
/// # Errors
/// If the file cannot be read, is not as [`TextFile`] says, two texts have the same id, or there is none.
pub fn read_texts(path: &Path) -> Result<Vec<Text>, TrainError> {
    let texts: Vec<Text> = TextFile::open(path)?.texts()?.collect::<Result<_, _>>()?;
    check_texts(&texts)?;
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[track_caller]
    fn check(name: &str, content: &[u8], expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let file = TextFile::open(&path).unwrap();
        for _ in 0..2 {
            let texts = file.texts().unwrap().map(|text| text.unwrap().text);
            assert_eq!(texts.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_extension_says_what_a_file_is() {
        let packed = |content: &[u8]| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(content).unwrap();
            packed.finish().unwrap()
        };
        let (jsonl, plain) = (b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n", b"a\n\nb\n");
        check("t.jsonl", jsonl, &["a", "b"]);
        check("t", jsonl, &["a", "b"]);
        check("t.jsonl.gz", &packed(jsonl), &["a", "b"]);
        check("t.txt", plain, &["a", "b"]);
        check("t.txt.gz", &packed(plain), &["a", "b"]);
        // Files that were packed one by one and put together.
        check(
            "t.jsonl.gz",
            &[packed(b"{\"text\":\"a\"}\n"), packed(b"{\"text\":\"b\"}\n")].concat(),
            &["a", "b"],
        );
    }
}
