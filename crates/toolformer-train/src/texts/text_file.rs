//! A file of texts: JSONL, Parquet or plain paragraphs; gzip by extension; `-` is standard input.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    path::PathBuf,
};

use tempfile::NamedTempFile;
use toolformer_data::{Content, FileFormat, Paragraphs, ParquetLines, open_unpacked};

use super::{Text, TextId, TextIter, TextSource, jsonl::TextLines, summary::check_texts};
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
                Box::new(TextLines::new(BufReader::new(copy), path))
            }
            None if is_plain(&path) => {
                let paragraphs = Paragraphs::new(open_unpacked(&path)?, path);
                Box::new((0..).zip(paragraphs).map(|(number, text)| {
                    Ok(Text { id: TextId::Number(number), text: text?, rest: serde_json::Map::new() })
                }))
            }
            None => Box::new(TextLines::new(objects(&path)?, path)),
        })
    }
}

/// The texts of a file with their lines, to be read once.
pub(crate) fn text_lines(path: &Path) -> Result<TextLines<Content>, TrainError> {
    let content = if is_standard_input(path) {
        BufReader::new(Box::new(io::stdin()) as Box<dyn Read + Send>)
    } else if is_plain(path) {
        // That it is not there is told first.
        File::open(path).map_err(TrainError::read(path))?;
        return Err(wrong(path, "is plain text, which has no objects to go on with; give JSONL"));
    } else {
        objects(path)?
    };
    Ok(TextLines::new(content, path.to_owned()))
}

/// The objects of a file as JSONL, unpacked.
fn objects(path: &Path) -> Result<Content, TrainError> {
    if FileFormat::of(path) != Some(FileFormat::Parquet) {
        return Ok(open_unpacked(path)?);
    }
    let rows = ParquetLines::open(path)?;
    if !rows.columns().iter().any(|column| column == "text") {
        let columns = rows.columns().join(", ");
        return Err(wrong(
            path,
            &format!("has no column `text`, only {columns}; give a file whose texts are in one of this name"),
        ));
    }
    Ok(BufReader::new(Box::new(rows)))
}

fn wrong(path: &Path, why: &str) -> TrainError {
    TrainError::Texts { path: path.to_owned(), line: 0, why: why.to_owned() }
}

fn is_plain(path: &Path) -> bool {
    FileFormat::of(path) == Some(FileFormat::Text)
}

fn is_standard_input(path: &Path) -> bool {
    path == OsStr::new("-")
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
