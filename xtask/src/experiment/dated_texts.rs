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
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn sentences_are_true_on_their_days() {
        let rows = dated_texts(3_000, 0);
        assert_eq!(rows, dated_texts(3_000, 0));
        assert_ne!(rows, dated_texts(3_000, 1));
        let mut checked = HashMap::<&str, usize>::new();
        for row in &rows {
            let (text, today) = (row["text"].as_str().unwrap(), row["date"].as_str().unwrap());
            assert!(!text.contains('{'), "{text}");
            let today: Vec<i64> = today.split('-').map(|part| part.parse().unwrap()).collect();
            let today = day_number(today[0], today[1], today[2]);
            // The day that the text is about, as far as it can be told without a calendar.
            let named = named_day(text);
            let away = days_away(text);
            let weekday = WEEKDAYS.iter().position(|weekday| text.contains(weekday));
            let mut check = |what, left: i64, right: i64| {
                assert_eq!(left, right, "{text} ({})", row["date"]);
                *checked.entry(what).or_default() += 1;
            };
            if let (Some(named), Some(away)) = (named, away) {
                check("a date and how far it is", (named - today).abs(), away.abs());
            }
            if let (Some(named), Some(weekday)) = (named, weekday) {
                check("a date and its weekday", named.rem_euclid(7), weekday as i64);
            }
            // Parts of a date that stand alone: by a day that is counted, or by months and years.
            let (year, month, day) = match (away, spelt(text)) {
                (Some(away), None) => date_of(today + away),
                (_, Some(months)) => {
                    let (year, month, day) = date_of(today);
                    let months = year * 12 + month - 1 + months;
                    (months.div_euclid(12), months.rem_euclid(12) + 1, day)
                }
                (None, None) => continue,
            };
            let said = |before: &str| {
                let behind = text.rsplit_once(before)?.1.trim_end_matches('.').split(['.', ' ']).next()?;
                Some(behind.to_owned())
            };
            if named.is_none() {
                for phrase in ["month will be ", "month was ", "month are we in? ", "month: ", "It is "] {
                    if let Some(position) =
                        said(phrase).and_then(|word| MONTHS.iter().position(|month| *month == word))
                    {
                        check("a month", position as i64 + 1, month);
                    }
                }
                for phrase in ["the year is ", "the year ", "year do we write? "] {
                    if let Some(found) = said(phrase).and_then(|word| word.parse::<i64>().ok()) {
                        check("a year", found, year);
                    }
                }
                for phrase in ["the month will be ", "the month was ", "day of the month: "] {
                    if let Some(found) = said(phrase).and_then(|word| word.parse::<i64>().ok()) {
                        // A month that has no such day ends with its last.
                        check("a day of the month", found, day.min(last_day(year, month)));
                    }
                }
            }
            if let (Some(away), Some(weekday), None) = (away, weekday, named) {
                check("how far a weekday is", (today + away).rem_euclid(7), weekday as i64);
            }
        }
        assert!(checked.len() == 6 && checked.values().all(|&count| count > 100), "{checked:?}");
    }

    /// Sunday is 0, as it is for `day_number` modulo 7.
    const WEEKDAYS: [&str; 7] =
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
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

    /// The number of a day of the Gregorian calendar, counted by hand from the beginning of its first year.
    fn day_number(year: i64, month: i64, day: i64) -> i64 {
        let leaps = |year: i64| year / 4 - year / 100 + year / 400;
        let is_leap = leaps(year) > leaps(year - 1);
        let lengths = [31, 28 + i64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        (year - 1) * 365 + leaps(year - 1) + lengths[..month as usize - 1].iter().sum::<i64>() + day
    }

    fn last_day(year: i64, month: i64) -> i64 {
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        day_number(next_year, next, 1) - day_number(year, month, 1)
    }

    /// Year, month and day of a day's number, by looking for them.
    fn date_of(number: i64) -> (i64, i64, i64) {
        let year = (1..).take_while(|&year| day_number(year, 1, 1) <= number).last().unwrap();
        let month = (1..=12).take_while(|&month| day_number(year, month, 1) <= number).last().unwrap();
        (year, month, number - day_number(year, month, 1) + 1)
    }

    /// How many months ahead the day of a text is, where it says so in months or years.
    fn spelt(text: &str) -> Option<i64> {
        let words: Vec<&str> = text.split(' ').collect();
        words.windows(2).find_map(|window| {
            let n: i64 = window[0].parse().ok()?;
            let unit = window[1].trim_matches(|c: char| !c.is_ascii_alphabetic());
            let sign = if text.contains(" ago") { -1 } else { 1 };
            Some(
                sign * n
                    * match unit {
                        "months" => 1,
                        "years" => 12,
                        _ => return None,
                    },
            )
        })
    }

    /// The date that stands in a text, such as `March 2, 2016`.
    fn named_day(text: &str) -> Option<i64> {
        let words: Vec<&str> = text.split(' ').collect();
        words.windows(3).find_map(|window| {
            let month = MONTHS.iter().position(|month| *month == window[0])? as i64 + 1;
            let day = window[1].strip_suffix(',')?.parse().ok()?;
            let year: String = window[2].chars().take_while(char::is_ascii_digit).collect();
            Some(day_number(year.parse().ok()?, month, day))
        })
    }

    /// How many days ahead the day of a text is, where it says so in days or weeks, or by a word.
    fn days_away(text: &str) -> Option<i64> {
        let lower = text.to_lowercase();
        let word = [
            ("day after tomorrow", 2),
            ("day before yesterday", -2),
            ("tomorrow", 1),
            ("yesterday", -1),
            ("today", 0),
            ("i am writing", 0),
        ];
        let words: Vec<&str> = lower.split(' ').collect();
        let counted = words.windows(2).find_map(|window| {
            let n: i64 = window[0].parse().ok()?;
            let unit = window[1].trim_matches(|c: char| !c.is_ascii_alphabetic());
            let sign = if lower.contains(" ago") { -1 } else { 1 };
            Some(
                sign * n
                    * match unit {
                        "days" => 1,
                        "weeks" => 7,
                        _ => return None,
                    },
            )
        });
        let is_counted =
            words.windows(2).any(|window| ["months", "years"].iter().any(|unit| window[1].starts_with(unit)));
        counted.or_else(|| {
            word.iter().find(|(word, _)| lower.contains(word)).map(|&(_, days)| days).filter(|_| !is_counted)
        })
    }
}
