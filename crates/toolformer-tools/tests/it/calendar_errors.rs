//! What is wrong with a question, and what is said about it.

use toolformer_text::{Tool, ToolError};
use toolformer_tools::{Calendar, CalendarError, Date};

fn calendar() -> Calendar {
    Calendar::on(Date::constant(2023, 1, 30))
}

#[track_caller]
fn check(question: &str, expected: &str) {
    let error = calendar().answer(question).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{question}: {error}");
}

#[test]
fn words() {
    check("christmas", "`christmas` stands where a date should stand, as in 2023-01-30 + 3 weeks");
    check("days until Christmas", "`christmas` stands where a date should stand");
    check(
        "friday",
        "the question ends where a date should stand, as in Monday, January 30, 2023, or next Monday",
    );
    check(
        "next week",
        "`week` stands where a weekday should stand, as in next Friday; for others write today",
    );
    check("next", "the question ends where a weekday should stand");
    check("days until", "the question ends where a date should stand");
    check("days between today", "the question ends where `and` should stand");
    check("days from today until", "the question ends where a date should stand");
    check("days from today", "the question ends where `to` should stand");
    check("January", "the question ends where the day of the month should stand, as in January 30, 2023");
    check("December 25", "the question ends where a year should stand, as in January 30, 2023");
    check("3 weeks", "the question ends where `ago`, `from now`, `after` or `before` should stand");
    check("3 weeks later", "`later` stands where `ago`, `from now`, `after` or `before` should stand");
    check("in", "the question ends where a number and a unit should stand");
    check("in 3", "the question ends where days, weeks, months or years should stand");
    check(
        "in 3 hours",
        "`hours` stands where days, weeks, months or years should stand, as in today + 3 weeks",
    );
    check("today + tomorrow", "`tomorrow` stands where a number and a unit should stand");
    check("today -", "the question ends where a date or a span should stand, as in 2023-12-25 - today");
    check("- today", "`today` stands where a number and a unit should stand");
    check("today - 3", "`3` stands where a date or a span should stand");
    check("today + -3 days", "`-` stands where a number and a unit should stand");
    check("today tomorrow", "`tomorrow` follows a complete question; remove it");
    check("today - tomorrow + 3 days", "`+ 3 days` follows a complete question");
    check("days until tomorrow?", "unexpected `?`; write a date as 2023-01-30 or January 30, 2023");
}

#[test]
fn dates() {
    check("2023-02-29", "there is no day 2023-02-29; correct the date");
    check("2024-13-01", "there is no day 2024-13-01; correct the date");
    check("February 30, 2023", "there is no day 2023-02-30; correct the date");
    check("30 feb 2023", "there is no day 2023-02-30");
    check("January 0, 2023", "there is no day 2023-01-00");
    check("January 1000, 2023", "there is no day 2023-01-1000");
    check("0000-01-01", "there is no day 0000-01-01");
    check("January 30, 23", "`23` is not a year; write it with four digits, as in January 30, 2023");
    check("January 30, 12023", "`12023` is not a year");
    check("Tuesday, January 30, 2023", "Monday, January 30, 2023 is not on a Tuesday; correct the weekday");
    check("01/30/2023", "unexpected `/`");
    check("2023-1-30", "`2023` stands where a date should stand");
    check("2023", "`2023` stands where a date should stand");
}

#[test]
fn range() {
    check("9999-12-31 + 1 day", "the answer lies outside the years 1 to 9999; write a smaller span");
    check("0001-01-01 - 1 day", "the answer lies outside");
    check("today - 2023 years", "the answer lies outside");
    check("today + 99999999 years", "the answer lies outside");
    check("today + 9223372036854775807 days", "the answer lies outside");
    check("today - 9223372036854775807 months", "the answer lies outside");
    check("today + 9223372036854775808 days", "`9223372036854775808` is too large");
    check("10000 years ago", "the answer lies outside");
    check(&format!("today + {} days", "9".repeat(200)), "`999");
}

#[test]
fn hostile_questions() {
    check("२०२३-०१-३०", "unexpected `२`");
    check("2023‑01‑30", "unexpected `‑`");
    check("today + ３ days", "unexpected `３`");
    check("tödäy", "unexpected `ö`");
    check("\u{0}", "unexpected `\u{0}`");
    check(&"9".repeat(1_000_000), "the question has 1000000 bytes; write at most 256");
    check(&"day after ".repeat(25), "the question ends where a date should stand");
}

#[test]
fn the_tool_tells_bad_arguments_from_failures() {
    assert!(matches!(calendar().call("someday"), Err(ToolError::BadArguments { .. })));
    assert!(matches!(calendar().call("9999 years ago"), Err(ToolError::Failed { .. })));
    assert_eq!(calendar().answer("in 9999 years"), Err(CalendarError::OutOfRange));
}
