//! Reads a question and answers it.

use jiff::civil::Date;

use super::{
    dates::{days_between, long_form},
    error::CalendarError,
    reader::Reader,
    tokens::{Token, tokenize},
};

/// The answer, given which day it is.
pub(crate) fn answer(question: &str, today: Date) -> Result<String, CalendarError> {
    let question = question.to_ascii_lowercase();
    let tokens = tokenize(&question)?;
    if tokens.is_empty() {
        return Ok(format!("Today is {}.", long_form(today)));
    }
    let mut reader = Reader { question: &question, tokens: &tokens, at: 0, today };
    let answer = match reader.days_question()? {
        Some(days) => in_days(days),
        None => {
            let first = reader.date()?;
            if reader.eat(Token::Minus) {
                in_days(days_between(reader.day("a date or a span", "2023-12-25 - today")?, first))
            } else {
                long_form(first)
            }
        }
    };
    match reader.rest() {
        "" => Ok(answer),
        rest => Err(CalendarError::Surplus { rest: rest.to_owned() }),
    }
}

fn in_days(days: i64) -> String {
    format!("{days} {}", if days.abs() == 1 { "day" } else { "days" })
}

impl Reader<'_> {
    /// `days until ...` and its like; `None` if the question begins otherwise.
    fn days_question(&mut self) -> Result<Option<i64>, CalendarError> {
        let Some(kind @ ("until" | "till" | "since" | "from" | "between")) = self.word(1) else {
            return Ok(None);
        };
        if !self.eat_word(&["day", "days"]) {
            return Ok(None);
        }
        self.at += 1;
        let first = self.date()?;
        let days = match kind {
            "since" => days_between(first, self.today),
            "from" => {
                if !self.eat_word(&["to", "until", "till"]) {
                    return Err(self.unexpected("`to`", "days from 2023-01-30 to 2023-12-25"));
                }
                days_between(first, self.date()?)
            }
            "between" => {
                if !self.eat_word(&["and"]) {
                    return Err(self.unexpected("`and`", "days between 2023-01-30 and 2023-12-25"));
                }
                days_between(first, self.date()?).abs()
            }
            _ => days_between(self.today, first),
        };
        Ok(Some(days))
    }
}
