//! Goes through the tokens of a question.

use jiff::civil::Date;

use super::{error::CalendarError, tokens::Token};

/// The tokens, and how far they have been read.
pub(crate) struct Reader<'q> {
    pub(crate) question: &'q str,
    pub(crate) tokens: &'q [(Token<'q>, usize)],
    /// How many tokens have been read.
    pub(crate) at: usize,
    pub(crate) today: Date,
}

impl<'q> Reader<'q> {
    pub(crate) fn peek(&self, ahead: usize) -> Option<Token<'q>> {
        self.tokens.get(self.at + ahead).map(|&(token, _)| token)
    }

    pub(crate) fn word(&self, ahead: usize) -> Option<&'q str> {
        match self.peek(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.peek(0) == Some(token);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn eat_word(&mut self, any: &[&str]) -> bool {
        let found = self.word(0).is_some_and(|word| any.contains(&word));
        self.at += usize::from(found);
        found
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'q str {
        self.tokens.get(self.at).map_or("", |&(_, start)| self.question[start..].trim_end())
    }

    pub(crate) fn unexpected(&self, wanted: &'static str, example: &'static str) -> CalendarError {
        let end = self.tokens.get(self.at + 1).map_or(self.question.len(), |&(_, start)| start);
        let start = self.tokens.get(self.at).map_or(end, |&(_, start)| start);
        let found = self.question[start..end].trim_end().to_owned();
        CalendarError::Unexpected { found, wanted, example }
    }
}
