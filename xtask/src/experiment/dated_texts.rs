//! Sentences of our own about days, each written on a day of its own, as plain texts: from templates and a seed.

use jiff::civil::{Date, date};
use jiff::{Span, Unit};
use serde_json::{Value, json};

use super::draws::Draws;

/// Which day a sentence is about, seen from the day on which it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum About {
    /// So many days away.
    Near(i64),
    /// `{n} {unit}` ahead, which stands in the sentence.
    Ahead,
    /// `{n} {unit}` ago.
    Ago,
    /// A day ahead, whose date stands in the sentence: `{days}` is how far it is.
    Until,
    /// A day in the past, whose date stands in the sentence.
    Since,
}

use About::{Ago, Ahead, Near, Since, Until};

/// `{weekday}`, `{month}`, `{day}` and `{year}` are those of the day that a sentence is about, `{date}` all but the weekday.
const TEMPLATES: &[(About, &str)] = &[
    (Near(0), "The paper in front of me was printed today, on a {weekday}."),
    (Near(0), "I am writing this on {weekday}, {date}."),
    (Near(0), "It is {month} now, and the year is {year}."),
    (Near(0), "Which weekday do we have today? {weekday}."),
    (Near(0), "Which month are we in? {month}."),
    (Near(0), "Which year do we write? {year}."),
    (Near(0), "Today's day of the month: {day}."),
    (Near(0), "Which day is it today? {weekday}, {date}."),
    (Near(1), "The market opens tomorrow, as it does every {weekday}."),
    (Near(1), "Tomorrow we write {date}."),
    (Near(1), "Which weekday comes tomorrow? {weekday}."),
    (Near(1), "Which day comes tomorrow? {weekday}, {date}."),
    (Near(1), "Tomorrow's day of the month: {day}. Tomorrow's month: {month}."),
    (Near(-1), "The storm came yesterday, on a {weekday}."),
    (Near(-1), "The letter was sent yesterday, on {date}."),
    (Near(-1), "Which weekday did we have yesterday? {weekday}."),
    (Near(-1), "Which day did we have yesterday? {weekday}, {date}."),
    (Near(-1), "Yesterday's day of the month: {day}. Yesterday's month: {month}."),
    (Near(2), "The guests leave the day after tomorrow, on {weekday}."),
    (Near(2), "Which weekday follows the one of tomorrow? The day after tomorrow is {weekday}, {date}."),
    (Near(-2), "The guests came the day before yesterday, on {weekday}."),
    (Near(-2), "The day before yesterday was {weekday}, {date}."),
    (Near(-2), "Which day did we have the day before yesterday? {weekday}, {date}."),
    (Ahead, "The ship sails in {n} {unit}, on {weekday}, {date}."),
    (Ahead, "In {n} {unit} the month will be {month} and the year {year}."),
    (Ahead, "In {n} {unit} the weekday will be {weekday}."),
    (Ahead, "In {n} {unit} the day of the month will be {day}."),
    (Ahead, "Which day comes in {n} {unit}? {weekday}, {date}."),
    (Ahead, "In {n} {unit}, which weekday and month do we have? {weekday}, {date}."),
    (Ahead, "What will the date be in {n} {unit}? {weekday}, {date}."),
    (Ago, "The bridge was closed {n} {unit} ago, on {weekday}, {date}."),
    (Ago, "{n} {unit} ago the month was {month} and the year {year}."),
    (Ago, "{n} {unit} ago the weekday was {weekday}."),
    (Ago, "{n} {unit} ago the day of the month was {day}."),
    (Ago, "Which day did we have {n} {unit} ago? {weekday}, {date}."),
    (Ago, "{n} {unit} ago, which weekday and month did we have? {weekday}, {date}."),
    (Ago, "What was the date {n} {unit} ago? {weekday}, {date}."),
    (Until, "The concert on {date} is {days} days away."),
    (Until, "It takes {days} days until {date} comes."),
    (Until, "{date} is ahead of us: {days} days."),
    (Until, "The wedding on {date} will fall on a {weekday}."),
    (Until, "How far ahead is {date}? {days} days."),
    (Since, "The flood of {date} lies {days} days back."),
    (Since, "{date} is behind us: {days} days."),
    (Since, "The fire of {date} broke out on a {weekday}."),
    (Since, "How far back is {date}? {days} days."),
];

const UNITS: [&str; 4] = ["days", "weeks", "months", "years"];

/// `count` texts with ids from `day-0` on and the days on which they are written.
pub(super) fn dated_texts(count: usize, seed: u64) -> Vec<Value> {
    (0..count).map(|number| dated_text(number, seed)).collect()
}

fn dated_text(number: usize, seed: u64) -> Value {
    let mut draws = Draws::new(seed, number);
    let span = Span::new();
    let today = date(1995, 1, 1).saturating_add(span.days(draws.below(30 * 365) as i64));
    let (about, template) = draws.one(TEMPLATES);
    let unit = draws.below(UNITS.len());
    let n = draws.between(2, [400, 100, 30, 4][unit]) as i64;
    let far = |sign: i64| {
        let n = sign * n;
        today.saturating_add(match unit {
            0 => span.days(n),
            1 => span.weeks(n),
            2 => span.months(n),
            _ => span.years(n),
        })
    };
    let days = draws.between(2, 900) as i64;
    let day: Date = match about {
        Near(days) => today.saturating_add(span.days(days)),
        Ahead => far(1),
        Ago => far(-1),
        Until => today.saturating_add(span.days(days)),
        Since => today.saturating_sub(span.days(days)),
    };
    let between = today.until((Unit::Day, day)).map_or(0, |span| span.get_days()).abs();
    let text = template
        .replace("{weekday}", &day.strftime("%A").to_string())
        .replace("{date}", &day.strftime("%B %-d, %Y").to_string())
        .replace("{month}", &day.strftime("%B").to_string())
        .replace("{day}", &day.day().to_string())
        .replace("{year}", &day.year().to_string())
        .replace("{days}", &between.to_string())
        .replace("{n}", &n.to_string())
        .replace("{unit}", UNITS[unit]);
    json!({"id": format!("day-{number}"), "text": text, "date": today.to_string()})
}

#[cfg(test)]
#[path = "../../../crates/toolformer-tools/tests/it/naive_days.rs"]
#[expect(dead_code, reason = "the calendar's own tests use more of it")]
mod naive_days;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::naive_days::{Day, MONTHS, WEEKDAYS, months_later, step, weekday};
    use super::*;

    #[test]
    fn sentences_are_true_on_their_days() {
        let rows = dated_texts(3_000, 0);
        assert_eq!(rows, dated_texts(3_000, 0));
        assert_ne!(rows, dated_texts(3_000, 1));
        let mut checked = HashMap::<&str, usize>::new();
        for row in &rows {
            let text = row["text"].as_str().unwrap();
            assert!(!text.contains('{'), "{text}");
            let today: Vec<i64> =
                row["date"].as_str().unwrap().split('-').map(|part| part.parse().unwrap()).collect();
            let (named, counted) = (named_day(text), counted_day(text, (today[0], today[1], today[2])));
            let mut check = |what, left: Day, right: Day| {
                assert_eq!(left, right, "{what}: {text} ({})", row["date"]);
                *checked.entry(what).or_default() += 1;
            };
            let number = |n: usize| (0, 0, i64::try_from(n).unwrap());
            let said_weekday = WEEKDAYS.iter().position(|weekday| text.contains(weekday));
            if let (Some(named), Some(counted)) = (named, counted) {
                check("a date and how far it is", named, counted);
            }
            if let (Some(named), Some(said)) = (named, said_weekday) {
                check("a date and its weekday", number(weekday(named)), number(said));
            }
            let (None, Some((year, month, day))) = (named, counted) else { continue };
            if let Some(said) = said_weekday {
                check("how far a weekday is", number(weekday((year, month, day))), number(said));
            }
            // Parts of a date that stand alone.
            let word = |before: &str| text.rsplit_once(before)?.1.split(['.', ' ']).next();
            for phrase in ["month will be ", "month was ", "month are we in? ", "month: ", "It is "] {
                let name = word(phrase).and_then(|word| MONTHS.iter().position(|month| *month == word));
                if let Some(position) = name {
                    check("a month", number(position + 1), (0, 0, month));
                }
            }
            for (what, right, phrases) in [
                ("a year", year, ["the year is ", "the year ", "year do we write? "]),
                ("a day of the month", day, ["the month will be ", "the month was ", "day of the month: "]),
            ] {
                for found in phrases.iter().filter_map(|phrase| word(phrase)?.parse().ok()) {
                    check(what, (0, 0, found), (0, 0, right));
                }
            }
        }
        assert!(checked.len() == 6 && checked.values().all(|&count| count > 100), "{checked:?}");
    }

    /// The date that stands in a text, such as `March 2, 2016`.
    fn named_day(text: &str) -> Option<Day> {
        let words: Vec<&str> = text.split(' ').collect();
        words.windows(3).find_map(|window| {
            let month = MONTHS.iter().position(|month| *month == window[0])? as i64 + 1;
            let day = window[1].strip_suffix(',')?.parse().ok()?;
            let year: String = window[2].chars().take_while(char::is_ascii_digit).collect();
            Some((year.parse().ok()?, month, day))
        })
    }

    /// The day of a text by how far it says that it is, in numbers or by a word.
    fn counted_day(text: &str, today: Day) -> Option<Day> {
        let lower = text.to_lowercase();
        let is_past = [" ago", " back", "behind us"].iter().any(|word| lower.contains(word));
        let words: Vec<&str> = lower.split(' ').collect();
        let counted = words.windows(2).find_map(|window| {
            let n: i64 = window[0].parse().ok()?;
            let n = if is_past { -n } else { n };
            match window[1].trim_matches(|c: char| !c.is_ascii_alphabetic()) {
                "days" => Some(step(today, n)),
                "weeks" => Some(step(today, 7 * n)),
                "months" => Some(months_later(today, n)),
                "years" => Some(months_later(today, 12 * n)),
                _ => None,
            }
        });
        let near = [
            ("day after tomorrow", 2),
            ("day before yesterday", -2),
            ("tomorrow", 1),
            ("yesterday", -1),
            ("today", 0),
            ("i am writing", 0),
        ];
        counted.or_else(|| {
            near.iter().find(|(word, _)| lower.contains(word)).map(|&(_, days)| step(today, days))
        })
    }
}
