//! Dateset: how many questions there are of each kind, and their answers computed anew from what they say.

use std::collections::{BTreeMap, BTreeSet};

use toolformer_eval::{Dateset, DatesetGroup, Holiday, Item, Metric, Task, stratified_sample};
use toolformer_text::Syntax;

use crate::calendar_by_hand::{Day, MONTHS, day_number, easter, holiday, plus_days, plus_months, weekday};

fn today(item: &Item) -> Day {
    let date = item.date.unwrap();
    (date.year().into(), date.month().into(), date.day().into())
}

/// `August 14, 2020`.
fn written(text: &str) -> Day {
    let (month, rest) = text.split_once(' ').unwrap();
    let (day, year) = rest.split_once(", ").unwrap();
    let month = MONTHS.iter().position(|name| *name == month).unwrap() as i64 + 1;
    (year.parse().unwrap(), month, day.parse().unwrap())
}

/// A number of units before or after a day.
fn plus(day: Day, number: i64, unit: &str) -> Day {
    match unit.trim_end_matches('s') {
        "day" => plus_days(day, number),
        "week" => plus_days(day, 7 * number),
        "month" => plus_months(day, number),
        "year" => plus_months(day, 12 * number),
        other => panic!("no unit: {other}"),
    }
}

/// Whole units between two days, counted from the first.
fn between(from: Day, to: Day, unit: &str) -> i64 {
    let (distance, sign) = (day_number(to) - day_number(from), (day_number(to) - day_number(from)).signum());
    let reaches = |number: &i64| {
        (day_number(plus(from, sign * number, unit)) - day_number(from)).abs() <= distance.abs()
    };
    match (unit, sign) {
        (_, 0) => 0,
        ("days", _) => distance.abs(),
        _ => (1..).take_while(reaches).last().unwrap_or(0),
    }
}

/// The kind of a question, for counting, and its answer, from its words and the day on which it is asked.
fn answer(question: &str, today: Day) -> (String, String) {
    let question = question.strip_suffix('?').unwrap();
    if let Some(rest) = question.strip_prefix("How many ") {
        let (unit, rest) = rest.split_once(' ').unwrap();
        let (tense, what) = rest
            .strip_prefix("ago was ")
            .map_or_else(|| ("until", rest.strip_prefix("are there until ").unwrap()), |what| ("ago", what));
        let (named, day) = match what.strip_suffix(" this year") {
            Some(name) => (name, holiday(name, today.0)),
            None => ("", written(what)),
        };
        assert_eq!(tense == "ago", day_number(day) < day_number(today), "{question}");
        let kind = if named.is_empty() { format!("{unit} {tense}") } else { format!("{unit} {named}") };
        return (kind, between(today, day, unit).to_string());
    }
    let asked = ["What day of the week", "What day of the month", "What month", "What year"];
    let asked = asked.into_iter().find(|asked| question.starts_with(asked)).unwrap();
    let rest = question[asked.len() + 1..].trim();
    let (verb, rest) = rest.split_once(' ').unwrap();
    let near = [
        ("the day before yesterday", -2),
        ("yesterday", -1),
        ("today", 0),
        ("tomorrow", 1),
        ("the day after tomorrow", 2),
    ];
    let (kind, day) = match rest.strip_prefix("it ") {
        Some(ahead) if verb == "will" => {
            let (number, unit) = ahead.strip_prefix("be in ").unwrap().split_once(' ').unwrap();
            (format!("in {}", unit.trim_end_matches('s')), plus(today, number.parse().unwrap(), unit))
        }
        None => {
            let name = rest.strip_suffix(" this year").unwrap();
            (name.to_owned(), holiday(name, today.0))
        }
        Some(when) => match near.iter().find(|(name, _)| *name == when) {
            Some((name, days)) => ((*name).to_owned(), plus_days(today, *days)),
            None => match when.strip_suffix(" ago") {
                Some(ago) => {
                    let (number, unit) = ago.split_once(' ').unwrap();
                    let number: i64 = number.parse().unwrap();
                    (format!("{} ago", unit.trim_end_matches('s')), plus(today, -number, unit))
                }
                None => ("on a date".to_owned(), written(when.strip_prefix("on ").unwrap())),
            },
        },
    };
    let is_past = day_number(day) < day_number(today);
    assert_eq!(verb == "was", is_past, "{question} on {today:?}");
    let said = match asked {
        "What day of the week" => weekday(day).to_owned(),
        "What day of the month" => day.2.to_string(),
        "What month" => MONTHS[day.1 as usize - 1].to_owned(),
        _ => day.0.to_string(),
    };
    (format!("{asked} {kind}"), said)
}

#[test]
fn there_are_as_many_of_each_template_as_in_the_paper() {
    let items = Dateset::with_seed(7).items().unwrap();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for item in &items {
        let group = item.category.as_deref().unwrap();
        *groups.entry(group).or_default() += 1;
        let (kind, _) = answer(&item.fields["question"], today(item));
        *kinds.entry(group).or_default().entry(kind).or_default() += 1;
    }
    let sizes = DatesetGroup::ALL.map(|group| groups[group.name()]);
    assert_eq!(sizes, [400, 800, 800, 400, 4_000, 1_800, 1_200]);
    assert_eq!(sizes, DatesetGroup::ALL.map(DatesetGroup::size));
    assert_eq!(items.len(), 9_400);
    // Within a group every combination occurs as often as every other.
    let crossed = DatesetGroup::ALL.map(|group| {
        let counts: BTreeSet<usize> = kinds[group.name()].values().copied().collect();
        (kinds[group.name()].len(), counts.into_iter().collect::<Vec<_>>())
    });
    let expected = [(2, 200), (16, 50), (16, 50), (1, 400), (20, 200), (36, 50), (48, 25)];
    assert_eq!(crossed, expected.map(|(kinds, each)| (kinds, vec![each])));
}

#[test]
fn answers_are_those_of_another_calendar() {
    for seed in [0, 7] {
        for item in Dateset::with_seed(seed).items().unwrap() {
            let (question, today) = (&item.fields["question"], today(&item));
            let (_, expected) = answer(question, today);
            assert_eq!(item.answers[0], expected, "{question} on {today:?}");
        }
    }
}

#[test]
fn days_are_500_and_other_dates_lie_within_four_years() {
    let dateset = Dateset::with_seed(3);
    let days: BTreeSet<_> = dateset.current_dates().unwrap().into_iter().collect();
    assert_eq!(days.len(), 500);
    let items = dateset.items().unwrap();
    assert_eq!(items.iter().map(|item| item.date.unwrap()).collect::<BTreeSet<_>>(), days);
    assert!(days.iter().all(|day| (2013..=2022).contains(&day.year())));
    for item in items.iter().filter(|item| item.category.as_deref() == Some("days-between")) {
        let days: i64 = item.answers[0].parse().unwrap();
        assert!((1..=1_461).contains(&days));
    }
    assert_eq!(items.iter().map(|item| &item.id).collect::<BTreeSet<_>>().len(), 9_400);
}

#[test]
fn a_seed_gives_the_same_questions_and_another_others() {
    assert_eq!(Dateset::with_seed(1).items().unwrap(), Dateset::with_seed(1).items().unwrap());
    assert_ne!(Dateset::with_seed(1).items().unwrap(), Dateset::with_seed(2).items().unwrap());
    let task = Task::builtin("dateset").unwrap();
    assert_eq!(task.items(None, 1).unwrap().items, Dateset::with_seed(1).items().unwrap());
}

#[test]
fn holidays_are_those_of_another_calendar() {
    for year in 1000..=9000 {
        assert_eq!(Holiday::Easter.date(year).to_string(), iso(easter(year.into())), "{year}");
    }
    for year in 1990..=2040 {
        for one in Holiday::ALL {
            assert_eq!(
                one.date(year).to_string(),
                iso(holiday(&one.to_string(), year.into())),
                "{one} {year}"
            );
        }
    }
}

fn iso((year, month, day): Day) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

#[test]
fn a_tenth_has_every_group_by_its_part() {
    let all = Dateset::with_seed(1).items().unwrap();
    let few = stratified_sample(&all, 940, 5);
    let count = |group: DatesetGroup| {
        few.iter().filter(|item| item.category.as_deref() == Some(group.name())).count()
    };
    assert_eq!(DatesetGroup::ALL.map(count), [40, 80, 80, 40, 400, 180, 120]);
}

#[test]
fn outputs_are_right_in_all_forms() {
    let items = Dateset::with_seed(1).items().unwrap();
    let metric = Metric::WithinFirstWords { words: 5 };
    let say = |question: &str, form: usize, output: &dyn Fn(&str) -> String| {
        let asked = items.iter().find(|item| item.fields["question"].starts_with(question)).unwrap();
        let output = output(&asked.answers[form]);
        metric.score(&output, asked, &Syntax::default()).unwrap().correct
    };
    assert!(say("What day of the week was it yesterday", 0, &|day| format!(" It was a {day}.")));
    assert!(say("What day of the month is it today", 1, &|day| format!(" It is the {day}.")));
    assert!(say("How many days ago was", 0, &|days| format!(" {days} days ago.")));
    assert!(!say("What year is it today", 0, &|year| format!(" {year}1")));
}

#[test]
fn too_few_days_are_an_error() {
    let short = Dateset { last: "2014-05-14".parse().unwrap(), ..Dateset::default() };
    assert!(short.items().unwrap_err().to_string().contains("`last`: from 2013-01-01 on there are 499 days"));
    let just_enough = Dateset { last: "2014-05-15".parse().unwrap(), ..Dateset::default() };
    assert_eq!(just_enough.items().unwrap().len(), 9_400);
    let early = Dateset { first: "0999-01-01".parse().unwrap(), ..Dateset::default() };
    assert!(early.items().unwrap_err().to_string().contains("`first`"));
}
