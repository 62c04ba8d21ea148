//! What can be wrong with a question to the calendar.

/// The longest question that is read, in bytes.
pub(crate) const MAX_LENGTH: usize = 256;

/// Why the calendar has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// The question is too long.
    #[error("the question has {length} bytes; write at most {MAX_LENGTH}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// A character that means nothing here.
    #[error("unexpected `{character}`; write a date as 2023-01-30 or January 30, 2023")]
    UnexpectedCharacter {
        /// The character.
        character: char,
    },
    /// Something else is wanted at this place.
    #[error("{} where {wanted} should stand, as in {example}", described(.found))]
    Unexpected {
        /// What stands there; empty at the end of the question.
        found: String,
        /// What should stand there.
        wanted: &'static str,
        /// A question that is well written.
        example: &'static str,
    },
    /// More follows where a question is complete.
    #[error(
        "`{rest}` follows a complete question; remove it, or write + or - and a span, as in today + 3 weeks"
    )]
    Surplus {
        /// What follows.
        rest: String,
    },
    /// A year with too few or too many digits.
    #[error("`{text}` is not a year; write it with four digits, as in January 30, 2023")]
    BadYear {
        /// How it is written.
        text: String,
    },
    /// A number of days, weeks, months or years that no calendar holds.
    #[error("`{text}` is too large; days lie in the years 1 to 9999")]
    NumberTooLarge {
        /// How it is written.
        text: String,
    },
    /// A date that is not written as [`iso_date`](crate::iso_date) wants it.
    #[error("`{text}` is not a date; write it as YYYY-MM-DD, such as 2023-01-30")]
    NotIso {
        /// How it is written.
        text: String,
    },
    /// A date that is not in the calendar.
    #[error("there is no day {text}; correct the date, and write it as 2023-01-30 or January 30, 2023")]
    NoSuchDay {
        /// The date, as year, month and day.
        text: String,
    },
    /// A date that is said to fall on another weekday.
    #[error("{date} is not on a {said}; correct the weekday or leave it out")]
    WrongWeekday {
        /// The date, with its weekday.
        date: String,
        /// The weekday as given.
        said: String,
    },
    /// The answer lies out of the calendar.
    #[error("the answer lies outside the years 1 to 9999; write a smaller span")]
    OutOfRange,
}

fn described(text: &str) -> String {
    if text.is_empty() { "the question ends".to_owned() } else { format!("`{text}` stands") }
}
