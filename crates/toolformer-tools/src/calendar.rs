//! A calendar that is told which day it is.

mod date_expression;
mod dates;
mod error;
mod grammar;
mod question;
mod reader;
mod tokens;

use std::{fmt, sync::Arc};

use toolformer_text::{ArgumentGrammar, Parameter, ParameterType, Parameters, Tool, ToolError, unquoted};

/// A day of the Gregorian calendar, without a time or a time zone: `Date::new(2023, 1, 30)`, or [`iso_date`].
pub use jiff::civil::Date;

pub use dates::iso_date;
pub use error::CalendarError;

/// Says which day it is, as the paper's calendar does, and reckons with dates.
///
/// It never looks at a clock of its own: [`Calendar::new`] is lent one, [`Calendar::on`] stays on one day.
///
/// ```
/// use toolformer_text::Tool;
/// use toolformer_tools::{Calendar, iso_date};
/// let calendar = Calendar::on(iso_date("2023-01-30")?);
/// assert_eq!(calendar.call("")?, "Today is Monday, January 30, 2023.");
/// assert_eq!(calendar.call("today + 3 weeks")?, "Monday, February 20, 2023");
/// assert_eq!(calendar.call("days until 2023-12-25")?, "329 days");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it reads
///
/// ```text
/// question = nothing                      Today is Monday, January 30, 2023.
///          | date                         Monday, January 30, 2023
///          | date "-" day                 329 days: from the second to the first
///          | "days until" date            from today to it
///          | "days since" date            from it to today
///          | "days from" date "to" date   from the first to the second
///          | "days between" date "and" date     never negative
/// date     = start { ("+" | "-") spans }
/// start    = day
///          | ("+" | "-" | "in") spans     from today
///          | spans "ago"
///          | spans ("from" | "after" | "before") start
///          | ["the"] "day" ("after" | "before") start
/// spans    = span { [","] span }
/// span     = (number | "a" | "an" | "one") ("days" | "weeks" | "months" | "years")
/// day      = [weekday [","]] written
///          | "today" | "now" | "tomorrow" | "yesterday"
///          | "next" weekday               the first after today
///          | "last" weekday               the last before today
/// written  = 2023-01-30 | January 30, 2023 | Jan 30 2023 | 30 January 2023
/// ```
///
/// - Case, and a full stop after a word, mean nothing; `day` is as good as `days`, `30th` as `30`, `Mon` as
///   `Monday`, `−` and `–` as `-`. A year is written with four digits. The question as a whole may stand in
///   quotes.
/// - On a Monday, `next Monday` is a week later and `last Monday` a week earlier.
/// - **Spans are added one after another, from the left.** A month or a year keeps the day's number; where that
///   month is too short, its last day is taken: `2023-01-31 + 1 month` is February 28, and `2024-02-29 + 1 year`
///   February 28, 2025. So `2023-01-31 + 1 month + 1 month` is March 28, but `+ 2 months` is March 31.
/// - Days lie in the years 1 to 9999; whatever leads out of them is an error. Dates before the calendar's reform
///   are those that the Gregorian calendar would have had.
#[derive(Clone)]
pub struct Calendar {
    clock: Arc<dyn Fn() -> Date + Send + Sync>,
}

impl Calendar {
    /// A calendar that asks `clock` for the current day, once in every call.
    pub fn new(clock: impl Fn() -> Date + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock) }
    }

    /// A calendar on which it is always `day`.
    pub fn on(day: Date) -> Self {
        Self::new(move || day)
    }

    /// The answer to a question of the grammar above.
    ///
    /// # Errors
    /// If the question cannot be read, names a day that does not exist, or leads out of the years 1 to 9999.
    pub fn answer(&self, question: &str) -> Result<String, CalendarError> {
        question::answer(&unquoted(question), (self.clock)())
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendar").finish_non_exhaustive()
    }
}

impl Tool for Calendar {
    fn name(&self) -> &str {
        "Calendar"
    }

    fn description(&self) -> &str {
        "Says which day it is today, which weekday a date is, what date lies some days, weeks, months or years \
         from another, and how many days lie between two, such as today + 3 weeks or days until 2023-12-25."
    }

    fn parameters(&self) -> Parameters {
        Parameters::new([Parameter::new("question", ParameterType::Raw).optional()])
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        grammar::grammar()
    }

    fn fingerprint(&self) -> String {
        self.answer("").unwrap_or_default()
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        self.answer(args).map_err(|error| match error {
            CalendarError::OutOfRange => ToolError::failed(error.to_string()),
            _ => ToolError::bad_arguments(error.to_string()),
        })
    }
}
