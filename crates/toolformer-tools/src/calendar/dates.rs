//! Days: read, printed, moved and counted.

use jiff::{
    Span,
    civil::{Date, Weekday},
};

use super::error::CalendarError;

/// A date that is written `YYYY-MM-DD`, and in no other way.
///
/// ```
/// let day = toolformer_tools::iso_date("2023-01-30")?;
/// assert_eq!((day.year(), day.month(), day.day()), (2023, 1, 30));
/// assert!(toolformer_tools::iso_date("2023-02-29").is_err());
/// # Ok::<(), toolformer_tools::CalendarError>(())
/// ```
///
/// # Errors
/// If it is written otherwise, or there is no such day.
pub fn iso_date(text: &str) -> Result<Date, CalendarError> {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|byte| byte.is_ascii_digit());
    let no_such_day = || CalendarError::NoSuchDay { text: text.to_owned() };
    match text.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            let month = month.parse().map_err(|_| no_such_day())?;
            date(year, month, day).map_err(|_| no_such_day())
        }
        _ => Err(CalendarError::NotIso { text: text.to_owned() }),
    }
}

/// A date from its numbers as they are written.
pub(crate) fn date(year: &str, month: i8, day: &str) -> Result<Date, CalendarError> {
    let no_such_day = || CalendarError::NoSuchDay { text: format!("{year}-{month:02}-{day:0>2}") };
    if year.len() != 4 {
        return Err(CalendarError::BadYear { text: year.to_owned() });
    }
    let (year_number, day) =
        (year.parse().map_err(|_| no_such_day())?, day.parse().map_err(|_| no_such_day())?);
    Date::new(year_number, month, day).ok().filter(in_range).ok_or_else(no_such_day)
}

/// jiff's years go from -9999; what lies before year 1 could not be written as a question.
fn in_range(date: &Date) -> bool {
    date.year() >= 1
}

/// `Monday, January 30, 2023`
pub(crate) fn long_form(date: Date) -> String {
    let (weekday, month) =
        (weekday_name(date.weekday()), MONTHS[usize::from(date.month().unsigned_abs()) - 1]);
    format!("{weekday}, {month} {}, {:04}", date.day(), date.year())
}

/// How many days lie between one date and another that is later; negative if it is earlier.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    // Dates have no hours, so that nothing is cut off.
    from.duration_until(to).as_hours() / 24
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

/// The unit that a word names.
pub(crate) fn unit(word: &str) -> Option<Unit> {
    match word {
        "day" | "days" => Some(Unit::Days),
        "week" | "weeks" => Some(Unit::Weeks),
        "month" | "months" => Some(Unit::Months),
        "year" | "years" => Some(Unit::Years),
        _ => None,
    }
}

/// The date `count` units after `date`. Months and years end at a month's end if they must.
pub(crate) fn moved(date: Date, count: i64, unit: Unit) -> Result<Date, CalendarError> {
    let span = match unit {
        Unit::Days => Span::new().try_days(count),
        Unit::Weeks => Span::new().try_weeks(count),
        Unit::Months => Span::new().try_months(count),
        Unit::Years => Span::new().try_years(count),
    };
    let moved = span.and_then(|span| date.checked_add(span)).ok();
    moved.filter(in_range).ok_or(CalendarError::OutOfRange)
}

/// The first `weekday` after `date`, or the last before it.
pub(crate) fn nearest(date: Date, weekday: Weekday, after: bool) -> Result<Date, CalendarError> {
    let date = date.nth_weekday(if after { 1 } else { -1 }, weekday).ok();
    date.filter(in_range).ok_or(CalendarError::OutOfRange)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The month that a word in lower case names, from 1.
pub(crate) fn month(word: &str) -> Option<i8> {
    let word = if word == "sept" { "sep" } else { word };
    let names = |month: &str| month.eq_ignore_ascii_case(word) || month[..3].eq_ignore_ascii_case(word);
    (1..).zip(MONTHS).find(|(_, month)| names(month)).map(|(number, _)| number)
}

/// The weekday that a word in lower case names.
pub(crate) fn weekday(word: &str) -> Option<Weekday> {
    match word {
        "mon" | "monday" => Some(Weekday::Monday),
        "tue" | "tues" | "tuesday" => Some(Weekday::Tuesday),
        "wed" | "wednesday" => Some(Weekday::Wednesday),
        "thu" | "thur" | "thurs" | "thursday" => Some(Weekday::Thursday),
        "fri" | "friday" => Some(Weekday::Friday),
        "sat" | "saturday" => Some(Weekday::Saturday),
        "sun" | "sunday" => Some(Weekday::Sunday),
        _ => None,
    }
}

/// `Monday`
pub(crate) fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
