//! Reading the texts to annotate: JSONL, or plain paragraphs; gzip by extension; `-` is standard input.

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
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
    let name = path.to_string_lossy();
    let reader: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(|source| TrainError::Read { path: path.to_owned(), source })?)
    };
    let (reader, name): (Box<dyn Read>, &str) = match name.strip_suffix(".gz") {
        Some(inner) => (Box::new(MultiGzDecoder::new(reader)), inner),
        None => (reader, &name),
    };
    let texts = parse_texts(BufReader::new(reader), name.ends_with(".txt"), path)?;
    if texts.is_empty() {
        return Err(TrainError::Texts { path: path.to_owned(), line: 0, why: "holds no text".into() });
    }
    Ok(texts)
}

/// Reads texts from a reader; `path` is only named in errors.
///
/// # Errors
/// As [`read_texts`].
pub fn parse_texts(reader: impl BufRead, plain: bool, path: &Path) -> Result<Vec<Text>, TrainError> {
    let mut texts: Vec<Text> = Vec::new();
    let mut ids = std::collections::HashSet::new();
    let mut paragraph = String::new();
    let wrong = |line: usize, why: String| TrainError::Texts { path: path.to_owned(), line, why };
    for (number, line) in reader.lines().enumerate() {
        let line = line.map_err(|source| TrainError::Read { path: path.to_owned(), source })?;
        let number = number + 1;
        if plain {
            if line.trim().is_empty() {
                push_paragraph(&mut texts, &mut paragraph);
            } else {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(&line);
            }
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        let parsed: Line = serde_json::from_str(&line).map_err(|error| {
            wrong(
                number,
                format!(
                    "is not a JSON object with a \"text\" ({error}); plain text belongs into a .txt file"
                ),
            )
        })?;
        if parsed.text.trim().is_empty() {
            return Err(wrong(number, "has an empty \"text\"".into()));
        }
        let id = parsed.id.unwrap_or(TextId::Number(texts.len() as u64));
        if !ids.insert(id.clone()) {
            return Err(wrong(number, format!("has the id {id}, which an earlier text has too")));
        }
        texts.push(Text { id, text: parsed.text, rest: parsed.rest });
    }
    push_paragraph(&mut texts, &mut paragraph);
    Ok(texts)
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
