//! Prompts with places to fill in.

use std::{collections::BTreeMap, fmt};

/// A prompt with `{name}`s. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptTemplate {
    given: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

impl PromptTemplate {
    /// Reads a prompt.
    ///
    /// # Errors
    /// In words, if a brace has no partner, or what stands between two is no name.
    pub fn parse(given: &str) -> Result<Self, String> {
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), given);
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let from = &rest[at..];
            if from.starts_with("{{") || from.starts_with("}}") {
                text.push_str(&from[..1]);
                rest = &from[2..];
                continue;
            }
            let end = from.find('}').filter(|&end| end > 0).ok_or_else(|| {
                "has a brace without a partner; write a field as {name}, and a brace as {{ or }}".to_owned()
            })?;
            let name = &from[1..end];
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c)) {
                return Err(format!(
                    "has `{{{name}}}`, which is no field; write its name between the braces"
                ));
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Field(name.to_owned()));
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { given: given.to_owned(), pieces })
    }

    /// The fields, in the order in which they stand.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The prompt with its fields filled in.
    ///
    /// # Errors
    /// The name of a field that is not given.
    pub fn fill(&self, fields: &BTreeMap<String, String>) -> Result<String, String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Field(name) => fields.get(name).cloned().ok_or_else(|| name.clone()),
        };
        self.pieces.iter().map(piece).collect()
    }
}

/// As it was given.
impl fmt::Display for PromptTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, expected: Result<&str, &str>) {
        let fields = [("q", "Who?"), ("a.b", "{x}")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let filled = PromptTemplate::parse(template).and_then(|read| {
            assert_eq!(read.to_string(), template);
            read.fill(&fields.into())
        });
        match expected {
            Ok(text) => assert_eq!(filled.as_deref(), Ok(text)),
            Err(part) => assert!(filled.as_ref().is_err_and(|why| why.contains(part)), "{filled:?}"),
        }
    }

    #[test]
    fn fields_are_filled_in_once() {
        check("Answer: {q}", Ok("Answer: Who?"));
        check("{q}{q} {a.b}", Ok("Who?Who? {x}"));
        check("a {{q}} b", Ok("a {q} b"));
        check("none", Ok("none"));
        check("", Ok(""));
        check("{p}", Err("p"));
        check("{q", Err("without a partner"));
        check("q}", Err("without a partner"));
        check("{}", Err("no field"));
        check("{a b}", Err("no field"));
    }
}
