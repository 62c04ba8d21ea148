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
    (Near(1), "The market opens tomorrow, as it does every {weekday}."),
    (Near(1), "Tomorrow we write {date}."),
    (Near(1), "Which weekday comes tomorrow? {weekday}."),
    (Near(1), "Tomorrow's day of the month: {day}. Tomorrow's month: {month}."),
    (Near(-1), "The storm came yesterday, on a {weekday}."),
    (Near(-1), "The letter was sent yesterday, on {date}."),
    (Near(-1), "Which weekday did we have yesterday? {weekday}."),
    (Near(-1), "Yesterday's day of the month: {day}. Yesterday's month: {month}."),
    (Near(2), "The guests leave the day after tomorrow, on {weekday}."),
    (Near(2), "Which weekday follows the one of tomorrow? The day after tomorrow is {weekday}, {date}."),
    (Near(-2), "The guests came the day before yesterday, on {weekday}."),
    (Near(-2), "The day before yesterday was {weekday}, {date}."),
    (Ahead, "The ship sails in {n} {unit}, on {weekday}, {date}."),
    (Ahead, "In {n} {unit} the month will be {month} and the year {year}."),
    (Ahead, "In {n} {unit} the weekday will be {weekday}."),
    (Ahead, "In {n} {unit} the day of the month will be {day}."),
    (Ago, "The bridge was closed {n} {unit} ago, on {weekday}, {date}."),
    (Ago, "{n} {unit} ago the month was {month} and the year {year}."),
    (Ago, "{n} {unit} ago the weekday was {weekday}."),
    (Ago, "{n} {unit} ago the day of the month was {day}."),
    (Until, "The concert on {date} is {days} days away."),
    (Until, "It takes {days} days until {date} comes."),
    (Until, "{date} is ahead of us: {days} days."),
    (Until, "The wedding on {date} will fall on a {weekday}."),
    (Since, "The flood of {date} lies {days} days back."),
    (Since, "{date} is behind us: {days} days."),
    (Since, "The fire of {date} broke out on a {weekday}."),
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
mod tests {
    use super::*;

    #[test]
    fn sentences_are_true_on_their_days() {
        let rows = dated_texts(3_000, 0);
        assert_eq!(rows, dated_texts(3_000, 0));
        assert_ne!(rows, dated_texts(3_000, 1));
        let mut seen = 0;
        for row in &rows {
            let (text, today) = (row["text"].as_str().unwrap(), row["date"].as_str().unwrap());
            assert!(!text.contains('{'), "{text}");
            let today: Date = today.parse().unwrap();
            if let Some(weekday) = text.strip_prefix("Which weekday comes tomorrow? ") {
                seen += 1;
                let tomorrow = today.tomorrow().unwrap().strftime("%A.").to_string();
                assert_eq!(weekday, tomorrow);
            }
            if let Some(days) = text.strip_suffix(" days away.") {
                seen += 1;
                let (named, days) = days.rsplit_once(" is ").unwrap();
                let named = named.strip_prefix("The concert on ").unwrap();
                let day = Date::strptime("%B %d, %Y", named).unwrap();
                assert_eq!(today.saturating_add(Span::new().days(days.parse::<i64>().unwrap())), day);
            }
        }
        assert!(seen > 100);
    }
}
