//! What holds for every date and every question.

use proptest::prelude::*;
use toolformer_text::{Syntax, Tool, parse};
use toolformer_tools::{Calendar, Date, iso_date};

use crate::naive_days::{
    Day, MONTHS, WEEKDAYS, days_in_month, iso, long, months_later, step, steps, weekday,
};

/// Near enough to 2001 for counting.
fn date() -> impl Strategy<Value = Day> {
    let month = (1850..2150_i64, 1..=12_i64);
    month.prop_flat_map(|(year, month)| (Just(year), Just(month), 1..=days_in_month(year, month)))
}

fn ask(today: Day, question: &str) -> String {
    Calendar::on(iso_date(&iso(today)).unwrap()).call(question).unwrap()
}

/// Anything made of what questions are made of.
fn scramble() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "2023-01-30",
        "9999-12-31",
        "0001-01-01",
        "January",
        "feb",
        "30",
        "2023",
        "31st",
        "+",
        "-",
        ",",
        "a",
        "the",
        "in",
        "days",
        "day",
        "weeks",
        "months",
        "years",
        "ago",
        "from",
        "now",
        "until",
        "since",
        "between",
        "and",
        "to",
        "after",
        "before",
        "next",
        "last",
        "friday",
        "today",
        "tomorrow",
        "99999999999999999999",
        "5",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn weekdays_are_counted(date in date(), today in date()) {
        let question = format!("{} {}, {}", MONTHS[usize::try_from(date.1).unwrap() - 1], date.2, date.0);
        prop_assert_eq!(ask(today, &question), long(date));
        prop_assert_eq!(ask(date, ""), format!("Today is {}.", long(date)));
    }

    #[test]
    fn days_and_weeks_are_counted(date in date(), days in -20_000..20_000_i64) {
        let (sign, word) = if days < 0 { ('-', "ago") } else { ('+', "from now") };
        let there = step(date, days);
        prop_assert_eq!(ask(date, &format!("today {sign} {} days", days.abs())), long(there));
        prop_assert_eq!(ask(date, &format!("{} days {word}", days.abs())), long(there));
        prop_assert_eq!(ask(date, &format!("{} weeks {word}", days.abs() / 7)), long(step(date, days / 7 * 7)));
        // And back again.
        prop_assert_eq!(
            ask(date, &format!("{} + {} days - {} days", iso(date), days.abs(), days.abs())),
            long(date)
        );
        prop_assert_eq!(
            ask(date, &format!("{} - {} days + {} days", iso(date), days.abs(), days.abs())),
            long(date)
        );
        let counted = format!("{days} {}", if days.abs() == 1 { "day" } else { "days" });
        prop_assert_eq!(ask(date, &format!("days until {}", iso(there))), counted);
    }

    #[test]
    fn distances_are_counted(a in date(), b in date()) {
        let days = |n: i64| format!("{n} {}", if n.abs() == 1 { "day" } else { "days" });
        prop_assert_eq!(ask(a, &format!("{} - {}", iso(b), iso(a))), days(steps(a, b)));
        prop_assert_eq!(ask(a, &format!("days until {}", iso(b))), days(steps(a, b)));
        prop_assert_eq!(ask(a, &format!("days since {}", iso(b))), days(steps(b, a)));
        prop_assert_eq!(ask(a, &format!("days from {} to {}", iso(b), iso(a))), days(steps(b, a)));
        prop_assert_eq!(ask(a, &format!("days between {} and {}", iso(b), iso(a))), days(steps(b, a).abs()));
    }

    #[test]
    fn months_and_years_are_counted(date in date(), months in -1500..1500_i64) {
        let sign = if months < 0 { '-' } else { '+' };
        let question = format!("{} {sign} {} months", iso(date), months.abs());
        prop_assert_eq!(ask(date, &question), long(months_later(date, months)));
        let question = format!("today {sign} {} years {} months", months.abs() / 12, months.abs() % 12);
        prop_assert_eq!(ask(date, &question), long(months_later(months_later(date, months / 12 * 12), months % 12)));
    }

    #[test]
    fn the_next_and_the_last_weekday_are_found_by_walking(date in date(), wanted in 0..7_usize) {
        for (word, direction) in [("next", 1), ("last", -1)] {
            let found = (1..=7).map(|days| step(date, days * direction)).find(|&day| weekday(day) == wanted);
            prop_assert_eq!(ask(date, &format!("{word} {}", WEEKDAYS[wanted])), long(found.unwrap()));
        }
    }

    #[test]
    fn every_answer_is_a_question(date in date()) {
        prop_assert_eq!(ask((2023, 1, 30), &long(date)), long(date));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in any::<String>(), year in -9999..=9999_i16) {
        let _ = Calendar::on(Date::constant(year, 1, 1)).call(&text);
    }

    #[test]
    fn never_panics_on_what_looks_like_a_question(text in scramble(), year in -9999..=9999_i16) {
        let calendar = Calendar::on(Date::constant(year, 12, 31));
        if let Ok(answer) = calendar.call(&text) {
            let syntax = Syntax::default();
            let woven = syntax.call_with_result("Calendar", &text, &answer);
            let document = parse(&woven, &syntax);
            prop_assert_eq!(document.calls()[0].result.as_deref(), Some(answer.as_str()));
        }
    }
}
