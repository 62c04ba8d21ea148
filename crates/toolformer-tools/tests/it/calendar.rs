//! Questions and what the calendar answers on Monday, January 30, 2023.

use std::sync::atomic::{AtomicI8, Ordering};

use toolformer_text::{Policy, Registry, Syntax, Tool, invoke};
use toolformer_tools::{Calendar, CalendarError, Date, iso_date};

/// A Monday.
const TODAY: Date = Date::constant(2023, 1, 30);

#[track_caller]
fn check(question: &str, expected: &str) {
    assert_eq!(Calendar::on(TODAY).call(question).as_deref(), Ok(expected), "{question}");
    for quoted in [format!("\"{question}\""), format!(" '{question}' "), question.to_uppercase()] {
        assert_eq!(Calendar::on(TODAY).call(&quoted).as_deref(), Ok(expected), "{quoted}");
    }
}

#[test]
fn today() {
    check("", "Today is Monday, January 30, 2023.");
    check("  ", "Today is Monday, January 30, 2023.");
    check("today", "Monday, January 30, 2023");
    check("now", "Monday, January 30, 2023");
    check("tomorrow", "Tuesday, January 31, 2023");
    check("yesterday", "Sunday, January 29, 2023");
    check("the day after tomorrow", "Wednesday, February 1, 2023");
    check("day before yesterday", "Saturday, January 28, 2023");
}

#[test]
fn dates_as_they_are_written() {
    check("2023-01-30", "Monday, January 30, 2023");
    check("January 30, 2023", "Monday, January 30, 2023");
    check("January 30 2023", "Monday, January 30, 2023");
    check("Jan 30 2023", "Monday, January 30, 2023");
    check("Jan. 30, 2023", "Monday, January 30, 2023");
    check("January 30th, 2023", "Monday, January 30, 2023");
    check("30 January 2023", "Monday, January 30, 2023");
    check("30 jan, 2023", "Monday, January 30, 2023");
    check("Monday, January 30, 2023", "Monday, January 30, 2023");
    check("Sun 1 October 2023", "Sunday, October 1, 2023");
    check("Sept 1st 2023", "Friday, September 1, 2023");
    check("2024-02-29", "Thursday, February 29, 2024");
    check("1900-03-01", "Thursday, March 1, 1900");
    check("July 4, 1776", "Thursday, July 4, 1776");
    check("9999-12-31", "Friday, December 31, 9999");
    check("0001-01-01", "Monday, January 1, 0001");
}

#[test]
fn spans_from_a_date() {
    check("today + 3 weeks", "Monday, February 20, 2023");
    check("today+3weeks", "Monday, February 20, 2023");
    check("2023-01-30 - 45 days", "Friday, December 16, 2022");
    check("2023-01-30-45 days", "Friday, December 16, 2022");
    check("2023-01-30 − 45 days", "Friday, December 16, 2022");
    check("January 30, 2023 + 1 day", "Tuesday, January 31, 2023");
    check("30 January 2023 - 1 year", "Sunday, January 30, 2022");
    check("today + 1 year + 2 months", "Saturday, March 30, 2024");
    check("today + 1 year - 2 months", "Thursday, November 30, 2023");
    check("today + 1 year 2 months, 3 days", "Tuesday, April 2, 2024");
    check("today - 1 year 2 months", "Tuesday, November 30, 2021");
    check("tomorrow + 0 days", "Tuesday, January 31, 2023");
    check("next friday + 1 week", "Friday, February 10, 2023");
}

#[test]
fn spans_from_today() {
    check("+10 days", "Thursday, February 9, 2023");
    check("-10 days", "Friday, January 20, 2023");
    check("in 10 days", "Thursday, February 9, 2023");
    check("in a week", "Monday, February 6, 2023");
    check("3 months ago", "Sunday, October 30, 2022");
    check("one year ago", "Sunday, January 30, 2022");
    check("2 weeks from now", "Monday, February 13, 2023");
    check("2 weeks from tomorrow", "Tuesday, February 14, 2023");
    check("2 weeks after 2023-02-01", "Wednesday, February 15, 2023");
    check("1 week before the day after tomorrow", "Wednesday, January 25, 2023");
    check("in 1 year + 1 day", "Wednesday, January 31, 2024");
}

#[test]
fn months_and_years_end_where_the_month_ends() {
    check("2023-01-31 + 1 month", "Tuesday, February 28, 2023");
    check("2024-01-31 + 1 month", "Thursday, February 29, 2024");
    check("2024-02-29 + 1 year", "Friday, February 28, 2025");
    check("2024-02-29 + 4 years", "Tuesday, February 29, 2028");
    check("2023-05-31 - 3 months", "Tuesday, February 28, 2023");
    check("2023-01-31 + 1 month + 1 month", "Tuesday, March 28, 2023");
    check("2023-01-31 + 2 months", "Friday, March 31, 2023");
    check("2024-02-29 + 1 year + 2 months", "Monday, April 28, 2025");
}

#[test]
fn days_between_dates() {
    check("2023-12-25 - today", "329 days");
    check("today - 2023-12-25", "-329 days");
    check("tomorrow - today", "1 day");
    check("today - tomorrow", "-1 day");
    check("today - today", "0 days");
    check("2023-12-25-2023-01-30", "329 days");
    check("December 25, 2023 - 30 January 2023", "329 days");
    check("today + 3 weeks - today", "21 days");
    check("2024-03-01 - 2024-02-01", "29 days");
    check("9999-12-31 - 0001-01-01", "3652058 days");
    check("days until December 25, 2023", "329 days");
    check("days until today + 2 weeks", "14 days");
    check("days till yesterday", "-1 day");
    check("day until tomorrow", "1 day");
    check("days since 2023-01-01", "29 days");
    check("days since tomorrow", "-1 day");
    check("days from 2023-12-25 to today", "-329 days");
    check("days between 2023-12-25 and today", "329 days");
    check("days between yesterday and next Monday", "8 days");
}

#[test]
fn weekdays() {
    check("next friday", "Friday, February 3, 2023");
    check("next Monday", "Monday, February 6, 2023");
    check("last monday", "Monday, January 23, 2023");
    check("last Sun", "Sunday, January 29, 2023");
    check("next Tues.", "Tuesday, January 31, 2023");
    check("days until next thursday", "3 days");
}

/// One of each template of the paper's Dateset (appendix D), in the calendar's words.
#[test]
fn the_datesets_kinds_of_question() {
    check("days since September 8, 2020", "874 days");
    check("days until 2026-06-11", "1228 days");
    check("19 days ago", "Wednesday, January 11, 2023");
    check("11 weeks ago", "Monday, November 14, 2022");
    check("7 months ago", "Thursday, June 30, 2022");
    check("4 years ago", "Wednesday, January 30, 2019");
    check("in 19 days", "Saturday, February 18, 2023");
    check("11 weeks from now", "Monday, April 17, 2023");
    check("in 13 months", "Thursday, February 29, 2024");
    check("4 years from today", "Saturday, January 30, 2027");
    check("May 17, 2021", "Monday, May 17, 2021");
    check("the day before yesterday", "Saturday, January 28, 2023");
    check("days until July 4, 2023", "155 days");
}

#[test]
fn the_clock_is_asked_in_every_call() {
    static DAY: AtomicI8 = AtomicI8::new(1);
    let clock = || Date::constant(2023, 1, DAY.fetch_add(1, Ordering::Relaxed));
    let calendar = Calendar::new(clock);
    assert_eq!(calendar.clone().call("").unwrap(), "Today is Sunday, January 1, 2023.");
    assert_eq!(calendar.call("tomorrow").unwrap(), "Tuesday, January 3, 2023");
}

#[test]
fn a_clock_may_say_anything() {
    assert_eq!(Calendar::on(Date::MIN).call("").unwrap(), "Today is Monday, January 1, -9999.");
    for day in [Date::MIN, Date::MAX, Date::ZERO] {
        for question in
            ["yesterday", "tomorrow", "next friday", "last friday", "today", "1 day ago", "today - 1 day"]
        {
            let _ = Calendar::on(day).call(question);
        }
    }
}

#[test]
fn iso_dates() {
    assert_eq!(iso_date("2023-01-30"), Ok(TODAY));
    for text in ["2024-13-01", "2023-02-29", "0000-01-01"] {
        assert_eq!(iso_date(text), Err(CalendarError::NoSuchDay { text: text.to_owned() }));
    }
    for text in ["2023-1-30", "20230130", "2023-01-30T00", "+2023-01-30", "2023-01-30-1", "", "today"] {
        assert_eq!(iso_date(text), Err(CalendarError::NotIso { text: text.to_owned() }));
    }
}

#[test]
fn in_a_text() {
    let mut tools = Registry::new();
    tools.insert(Calendar::on(TODAY)).unwrap();
    let text = "It is [Calendar()], so [Calendar(days until 2023-12-25)] are left. [Calendar(someday)]";
    let invoked = invoke(text, &tools, &Syntax::default(), Policy::Leave).unwrap();
    assert_eq!(
        invoked.text,
        "It is [Calendar() -> Today is Monday, January 30, 2023.], \
         so [Calendar(days until 2023-12-25) -> 329 days] are left. [Calendar(someday)]"
    );
}
