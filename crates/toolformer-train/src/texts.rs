//! Reading the texts to annotate: JSONL, or plain paragraphs; gzip by extension; `-` is standard input.

use std::{
    collections::HashSet,
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// A text's `id`, or its number over all inputs, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TextId {
    /// A number.
    Number(u64),
    /// Any other id.
    Name(String),
}

impl fmt::Display for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A text, with whatever else its input object holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Its id.
    pub id: TextId,
    /// The text itself.
    pub text: String,
    /// The object's other fields, carried along.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Line {
    id: Option<TextId>,
    text: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// Reads all texts of a file.
///
/// `.txt` holds one text per paragraph, with blank lines between; anything else is JSONL with a `text` in every
/// object. A further `.gz` means gzip.
///
/// # Errors
/// If the file cannot be read, a line is not such an object, two texts have the same id, or there is none.
pub fn read_texts(path: &Path) -> Result<Vec<Text>, TrainError> {
    let (reader, plain) = open(path)?;
    let texts = parse_texts(reader, plain, path)?;
    if texts.is_empty() {
        return Err(TrainError::Texts { path: path.to_owned(), line: 0, why: "holds no text".into() });
    }
    Ok(texts)
}

/// The content of a file, unpacked, and whether it is plain text.
fn open(path: &Path) -> Result<(BufReader<Box<dyn Read>>, bool), TrainError> {
    let name = path.to_string_lossy();
    let reader: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(TrainError::read(path))?)
    };
    let (reader, name): (Box<dyn Read>, &str) = match name.strip_suffix(".gz") {
        Some(inner) => (Box::new(MultiGzDecoder::new(reader)), inner),
        None => (reader, &name),
    };
    Ok((BufReader::new(reader), name.ends_with(".txt")))
}

/// Reads texts from a reader; `path` is only named in errors.
///
/// # Errors
/// As [`read_texts`].
pub fn parse_texts(reader: impl BufRead, plain: bool, path: &Path) -> Result<Vec<Text>, TrainError> {
    let mut texts: Vec<Text> = Vec::new();
    if plain {
        let mut paragraph = String::new();
        for line in reader.lines() {
            let line = line.map_err(TrainError::read(path))?;
            if line.trim().is_empty() {
                push_paragraph(&mut texts, &mut paragraph);
            } else {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(&line);
            }
        }
        push_paragraph(&mut texts, &mut paragraph);
        return Ok(texts);
    }
    let mut ids = HashSet::new();
    let mut lines = TextLines { reader, path: path.to_owned(), line: 0, texts: 0 };
    while let Some(read) = lines.next_text() {
        let (text, _) = read?;
        if !ids.insert(text.id.clone()) {
            return Err(lines.wrong(format!("has the id {}, which an earlier text has too", text.id)));
        }
        texts.push(text);
    }
    Ok(texts)
}

/// The texts of JSONL, one after the other.
pub(crate) struct TextLines<R> {
    reader: R,
    path: PathBuf,
    /// Lines and texts read.
    line: usize,
    texts: u64,
}

impl TextLines<BufReader<Box<dyn Read>>> {
    /// Those of a file as [`read_texts`] opens it.
    pub(crate) fn open(path: &Path) -> Result<Self, TrainError> {
        let (reader, plain) = open(path)?;
        let lines = Self { reader, path: path.to_owned(), line: 0, texts: 0 };
        if plain {
            let why = "is plain text, which has no objects to go on with; give JSONL".into();
            return Err(TrainError::Texts { path: lines.path, line: 0, why });
        }
        Ok(lines)
    }
}

impl<R: BufRead> TextLines<R> {
    /// The next text, and its line as it stands there, without the line feed.
    pub(crate) fn next_text(&mut self) -> Option<Result<(Text, String), TrainError>> {
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) => self.line += 1,
                Err(error) => return Some(Err(TrainError::read(&self.path)(error))),
            }
            if line.ends_with('\n') {
                line.pop();
            }
            if !line.trim().is_empty() {
                return Some(self.parse(&line).map(|text| (text, line)));
            }
        }
    }

    fn parse(&mut self, line: &str) -> Result<Text, TrainError> {
        let parsed: Line = serde_json::from_str(line).map_err(|error| {
            let advice = "plain text belongs into a .txt file";
            self.wrong(format!("is not a JSON object with a \"text\" ({error}); {advice}"))
        })?;
        if parsed.text.trim().is_empty() {
            return Err(self.wrong("has an empty \"text\"".into()));
        }
        let id = parsed.id.unwrap_or(TextId::Number(self.texts));
        self.texts += 1;
        Ok(Text { id, text: parsed.text, rest: parsed.rest })
    }

    /// An error about the line read last.
    fn wrong(&self, why: String) -> TrainError {
        TrainError::Texts { path: self.path.clone(), line: self.line, why }
    }
}

fn push_paragraph(texts: &mut Vec<Text>, paragraph: &mut String) {
    let text = std::mem::take(paragraph);
    if !text.trim().is_empty() {
        texts.push(Text { id: TextId::Number(texts.len() as u64), text, rest: serde_json::Map::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(input: &str, plain: bool) -> Result<Vec<Text>, String> {
        parse_texts(input.as_bytes(), plain, "t".as_ref()).map_err(|error| error.to_string())
    }

    #[test]
    fn jsonl_keeps_ids_and_other_fields() {
        let texts =
            parse("{\"text\":\"a\",\"url\":\"u\"}\n\n{\"id\":\"x\",\"text\":\"b\"}\n", false).unwrap();
        assert_eq!(texts[0].id, TextId::Number(0));
        assert_eq!(texts[0].rest["url"], "u");
        assert_eq!(texts[1].id, TextId::Name("x".into()));
    }

    #[test]
    fn paragraphs_are_texts() {
        let texts = parse("one\ntwo\n\n\nthree\n", true).unwrap();
        let texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(texts, ["one\ntwo", "three"]);
    }

    #[track_caller]
    fn check_error(input: &str, part: &str) {
        let error = parse(input, false).unwrap_err();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn errors_name_the_line() {
        check_error("{\"text\":\"a\"}\nnot json\n", "line 2");
        check_error("{\"txt\":\"a\"}\n", "text");
        check_error("{\"text\":\" \"}\n", "empty");
        check_error("{\"id\":1,\"text\":\"a\"}\n{\"id\":1,\"text\":\"b\"}\n", "earlier");
    }
}
