//! Reads one date with what is added to it.

use jiff::civil::Date;

use super::{
    dates::{Unit, date, iso_date, long_form, month, moved, nearest, unit, weekday, weekday_name},
    error::CalendarError,
    reader::Reader,
    tokens::Token,
};

impl Reader<'_> {
    /// A start and what is added to it. A `-` without a span behind it is left alone.
    pub(crate) fn date(&mut self) -> Result<Date, CalendarError> {
        let mut date = self.start()?;
        while let Some(sign @ (Token::Plus | Token::Minus)) = self.peek(0) {
            if sign == Token::Minus && self.unit_at(1).is_none() {
                break;
            }
            self.at += 1;
            let spans = self.spans()?;
            date = add(date, &spans, if sign == Token::Minus { -1 } else { 1 })?;
        }
        Ok(date)
    }

    fn start(&mut self) -> Result<Date, CalendarError> {
        if let Some(Token::Plus | Token::Minus) = self.peek(0) {
            // `date` adds the spans, which there must be.
            return match self.unit_at(1) {
                Some(_) => Ok(self.today),
                None => {
                    self.at += 1;
                    self.spans().map(|_| self.today)
                }
            };
        }
        if self.eat_word(&["in"]) {
            return add(self.today, &self.spans()?, 1);
        }
        let the = usize::from(self.word(0) == Some("the"));
        let spans = if self.word(the) == Some("day") {
            self.at += the + 1;
            vec![(1, Unit::Days)]
        } else if self.unit_at(0).is_some() {
            self.spans()?
        } else {
            return self.day("a date", "2023-01-30 + 3 weeks");
        };
        match self.word(0) {
            Some("ago") => {
                self.at += 1;
                add(self.today, &spans, -1)
            }
            Some(side @ ("from" | "after" | "before")) => {
                self.at += 1;
                add(self.start()?, &spans, if side == "before" { -1 } else { 1 })
            }
            _ => Err(self.unexpected("`ago`, `from now`, `after` or `before`", "3 months ago")),
        }
    }

    /// The unit of the span that stands `ahead`.
    fn unit_at(&self, ahead: usize) -> Option<Unit> {
        match self.peek(ahead)? {
            Token::Number(_) | Token::Word("a" | "an" | "one") => unit(self.word(ahead + 1)?),
            _ => None,
        }
    }

    fn spans(&mut self) -> Result<Vec<(i64, Unit)>, CalendarError> {
        let mut spans = Vec::new();
        loop {
            let Some(unit) = self.unit_at(0) else {
                if let Some(Token::Number(_)) = self.peek(0) {
                    self.at += 1;
                    return Err(self.unexpected("days, weeks, months or years", "today + 3 weeks"));
                }
                return Err(self.unexpected("a number and a unit", "today + 3 weeks"));
            };
            let count = match self.peek(0) {
                Some(Token::Number(text)) => {
                    text.parse().map_err(|_| CalendarError::NumberTooLarge { text: text.to_owned() })?
                }
                _ => 1,
            };
            self.at += 2;
            spans.push((count, unit));
            if self.peek(0) == Some(Token::Comma) && self.unit_at(1).is_some() {
                self.at += 1;
            } else if self.unit_at(0).is_none() {
                return Ok(spans);
            }
        }
    }

    /// One day, however it is named.
    pub(crate) fn day(&mut self, wanted: &'static str, example: &'static str) -> Result<Date, CalendarError> {
        let named = match self.word(0) {
            Some("today" | "now") => Some(0),
            Some("tomorrow") => Some(1),
            Some("yesterday") => Some(-1),
            _ => None,
        };
        if let Some(days) = named {
            self.at += 1;
            return moved(self.today, days, Unit::Days);
        }
        if let Some(side @ ("next" | "last")) = self.word(0) {
            self.at += 1;
            let Some(weekday) = self.word(0).and_then(weekday) else {
                return Err(self.unexpected("a weekday", "next Friday; for others write today + 1 week"));
            };
            self.at += 1;
            return nearest(self.today, weekday, side == "next");
        }
        let Some(said) = self.word(0).and_then(weekday) else {
            return self.written(wanted, example);
        };
        self.at += 1;
        self.eat(Token::Comma);
        let date = self.written("a date", "Monday, January 30, 2023, or next Monday")?;
        if date.weekday() == said {
            Ok(date)
        } else {
            let said = weekday_name(said).to_owned();
            Err(CalendarError::WrongWeekday { date: long_form(date), said })
        }
    }

    /// A date as numbers, or with its month's name.
    fn written(&mut self, wanted: &'static str, example: &'static str) -> Result<Date, CalendarError> {
        match (self.peek(0), self.peek(1)) {
            (Some(Token::Iso(text)), _) => {
                self.at += 1;
                iso_date(text)
            }
            (Some(Token::Word(word)), Some(Token::Number(day) | Token::Ordinal(day)))
            | (Some(Token::Number(day) | Token::Ordinal(day)), Some(Token::Word(word)))
                if month(word).is_some() =>
            {
                self.with_year(word, day)
            }
            (Some(Token::Word(word)), _) if month(word).is_some() => {
                self.at += 1;
                Err(self.unexpected("the day of the month", "January 30, 2023"))
            }
            _ => Err(self.unexpected(wanted, example)),
        }
    }

    /// The year that follows a month and a day, and the date of all three.
    fn with_year(&mut self, word: &str, day: &str) -> Result<Date, CalendarError> {
        self.at += 2;
        self.eat(Token::Comma);
        let (Some(month), Some(Token::Number(year))) = (month(word), self.peek(0)) else {
            return Err(self.unexpected("a year", "January 30, 2023"));
        };
        self.at += 1;
        date(year, month, day)
    }
}

fn add(date: Date, spans: &[(i64, Unit)], sign: i64) -> Result<Date, CalendarError> {
    spans.iter().try_fold(date, |date, &(count, unit)| moved(date, sign * count, unit))
}
