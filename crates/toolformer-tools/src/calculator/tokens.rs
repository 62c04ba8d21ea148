//! Reads an expression into numbers and signs.

use super::error::{CalculatorError, MAX_LENGTH};

/// A word of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Percent,
    Open,
    Close,
}

impl Token {
    /// Whether a value ends with it, so that an operator may follow.
    fn ends_value(self) -> bool {
        matches!(self, Self::Number(_) | Self::Percent | Self::Close)
    }
}

/// Splits `expression` into tokens, each with how it is written.
pub(crate) fn tokenize(expression: &str) -> Result<Vec<(Token, &str)>, CalculatorError> {
    if expression.len() > MAX_LENGTH {
        return Err(CalculatorError::TooLong { length: expression.len() });
    }
    let mut tokens: Vec<(Token, &str)> = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let after_value = tokens.last().is_some_and(|(token, _)| token.ends_value());
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest)?,
            '$' | '€' | '£' => {
                let after = rest[first.len_utf8()..].trim_start();
                if !after.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                    return Err(CalculatorError::LoneCurrencySign { sign: first });
                }
                let (token, length) = number(after)?;
                (token, rest.len() - after.len() + length)
            }
            '*' if rest.starts_with("**") => (Token::Power, 2),
            '+' => (Token::Plus, 1),
            '-' | '−' | '–' => (Token::Minus, first.len_utf8()),
            '*' | '×' | '·' => (Token::Times, first.len_utf8()),
            '/' | '÷' => (Token::Over, first.len_utf8()),
            '^' => (Token::Power, 1),
            '%' => (Token::Percent, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            'x' | 'X' if after_value && !rest[1..].starts_with(char::is_alphabetic) => (Token::Times, 1),
            c if c.is_alphabetic() || c == '_' => {
                let name = taken(rest, |c| c.is_alphanumeric() || c == '_');
                return Err(CalculatorError::UnknownName { name: name.to_owned() });
            }
            character => return Err(CalculatorError::UnexpectedCharacter { character }),
        };
        tokens.push((token, &rest[..length]));
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The number at the start of `text`, and its length.
fn number(text: &str) -> Result<(Token, usize), CalculatorError> {
    let whole = taken(text, |c| c.is_ascii_digit() || c == ',');
    let mut length = whole.len();
    if let Some(fraction) = text[length..].strip_prefix('.') {
        length += 1 + taken(fraction, |c| c.is_ascii_digit()).len();
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        length += 1 + exponent.len() - unsigned.len() + taken(unsigned, |c| c.is_ascii_digit()).len();
    }
    // What sticks to a number belongs to it: 1.2.3, 1.5,000 and 0x10 are no numbers.
    let hexadecimal = whole == "0" && length == 1 && text[1..].starts_with(['x', 'X']);
    if hexadecimal || text[length..].starts_with(['.', ',']) {
        let text = taken(text, |c| c.is_ascii_alphanumeric() || c == '.' || c == ',');
        return Err(CalculatorError::BadNumber { text: text.to_owned() });
    }
    let written = &text[..length];
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    if whole.contains(',') && (!(1..=3).contains(&first.len()) || groups.any(|group| group.len() != 3)) {
        return Err(CalculatorError::BadGrouping { text: written.to_owned() });
    }
    match written.replace(',', "").parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(value), length)),
        Ok(_) => Err(CalculatorError::Overflow),
        Err(_) => Err(CalculatorError::BadNumber { text: written.to_owned() }),
    }
}

fn taken(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !belongs(c)).unwrap_or(text.len())]
}
