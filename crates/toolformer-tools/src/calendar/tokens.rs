//! Cuts a question into words, numbers and signs.

use super::error::{CalendarError, MAX_LENGTH};

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'q> {
    /// Letters, in lower case.
    Word(&'q str),
    /// Digits.
    Number(&'q str),
    /// The digits of `30th`.
    Ordinal(&'q str),
    /// `2023-01-30`
    Iso(&'q str),
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `,`
    Comma,
}

/// The tokens of a question in lower case, each with the place in it where it begins.
pub(crate) fn tokenize(question: &str) -> Result<Vec<(Token<'_>, usize)>, CalendarError> {
    if question.len() > MAX_LENGTH {
        return Err(CalendarError::TooLong { length: question.len() });
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = question[at..].chars().next() {
        let rest = &question[at..];
        let (token, length) = match character {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '+' => (Token::Plus, 1),
            '-' | '−' | '–' => (Token::Minus, character.len_utf8()),
            ',' => (Token::Comma, 1),
            c if c.is_ascii_digit() => number(rest),
            c if c.is_ascii_alphabetic() => {
                let word = span(rest, |c| c.is_ascii_alphabetic());
                // `Jan.` is `Jan`.
                (Token::Word(word), word.len() + usize::from(rest[word.len()..].starts_with('.')))
            }
            character => return Err(CalendarError::UnexpectedCharacter { character }),
        };
        tokens.push((token, at));
        at += length;
    }
    Ok(tokens)
}

/// The characters at the start of `text` that are of one kind.
fn span(text: &str, kind: fn(char) -> bool) -> &str {
    &text[..text.find(|c| !kind(c)).unwrap_or(text.len())]
}

/// The number or date at the start of `text`, and how long it is.
fn number(text: &str) -> (Token<'_>, usize) {
    const PATTERN: &[u8] = b"dddd-dd-dd";
    let fits = |(c, p): (u8, &u8)| if *p == b'd' { c.is_ascii_digit() } else { c == *p };
    let is_iso = text.len() >= PATTERN.len() && text.bytes().zip(PATTERN).all(fits);
    if is_iso && !text[PATTERN.len()..].starts_with(|c: char| c.is_ascii_digit()) {
        return (Token::Iso(&text[..PATTERN.len()]), PATTERN.len());
    }
    let digits = span(text, |c| c.is_ascii_digit());
    let ending = span(&text[digits.len()..], |c| c.is_ascii_alphabetic());
    match ending {
        "st" | "nd" | "rd" | "th" => (Token::Ordinal(digits), digits.len() + ending.len()),
        _ => (Token::Number(digits), digits.len()),
    }
}
