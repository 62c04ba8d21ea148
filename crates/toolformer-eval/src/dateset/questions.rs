//! The questions of one day.

use jiff::civil::Date;
use rand::Rng;

use super::{DatesetGroup, Holiday, date_part::DatePart, number_words::number_forms, time_unit::TimeUnit};

/// A question and its right answers.
type Asked = (String, Vec<String>);

/// The questions of a group on one day; `draw` gives the draws of what is named.
pub(super) fn questions<R: Rng>(group: DatesetGroup, today: Date, draw: impl Fn(&str) -> R) -> Vec<Asked> {
    match group {
        DatesetGroup::DaysBetween => {
            let [past, future] = dates(today, &draw);
            [past, future].map(|date| distance(TimeUnit::Days, today, date, &written(date))).into()
        }
        DatesetGroup::Ago => from_today(today, -1, &draw),
        DatesetGroup::Ahead => from_today(today, 1, &draw),
        DatesetGroup::Weekday => {
            let [past, future] = dates(today, &draw);
            let asked = |verb, date| {
                let question = format!("{} {verb} it on {}?", DatePart::Weekday.asked(), written(date));
                (question, DatePart::Weekday.answers(date))
            };
            vec![asked("was", past), asked("is", future)]
        }
        DatesetGroup::NearDay => near_days(today),
        DatesetGroup::Holiday => of_holidays(today),
        DatesetGroup::HolidayDistance => {
            let crossed =
                TimeUnit::ALL.into_iter().flat_map(|unit| Holiday::ALL.map(|holiday| (unit, holiday)));
            crossed
                .map(|(unit, holiday)| {
                    distance(unit, today, holiday.date(today.year()), &format!("{holiday} this year"))
                })
                .collect()
        }
    }
}

/// A past and a future date within four years.
fn dates<R: Rng>(today: Date, draw: &impl Fn(&str) -> R) -> [Date; 2] {
    [("past", -1), ("future", 1)].map(|(name, sign)| {
        let days = draw(name).random_range(1..=TimeUnit::Days.in_four_years());
        TimeUnit::Days.from(today, sign * days)
    })
}

/// How long ago a date was, or how long it is until then.
fn distance(unit: TimeUnit, today: Date, date: Date, named: &str) -> Asked {
    let name = unit.name();
    let question = if date < today {
        format!("How many {name} ago was {named}?")
    } else {
        format!("How many {name} are there until {named}?")
    };
    (question, number_forms(unit.between(today, date)))
}

/// Parts of the dates that lie some time ago, or ahead.
fn from_today<R: Rng>(today: Date, sign: i64, draw: &impl Fn(&str) -> R) -> Vec<Asked> {
    let crossed = DatePart::ALL.into_iter().flat_map(|part| TimeUnit::ALL.map(|unit| (part, unit)));
    crossed
        .map(|(part, unit)| {
            let number =
                draw(&format!("{} {}", part.asked(), unit.name())).random_range(1..=unit.in_four_years());
            let counted = unit.counted(number);
            let question = match sign {
                1 => format!("{} will it be in {counted}?", part.asked()),
                _ => format!("{} was it {counted} ago?", part.asked()),
            };
            (question, part.answers(unit.from(today, sign * number)))
        })
        .collect()
}

fn near_days(today: Date) -> Vec<Asked> {
    const NEAR: [(i64, &str); 5] = [
        (-2, "was it the day before yesterday"),
        (-1, "was it yesterday"),
        (0, "is it today"),
        (1, "is it tomorrow"),
        (2, "is it the day after tomorrow"),
    ];
    let crossed = DatePart::ALL.into_iter().flat_map(|part| NEAR.map(|near| (part, near)));
    crossed
        .map(|(part, (days, when))| {
            let date = TimeUnit::Days.from(today, days);
            (format!("{} {when}?", part.asked()), part.answers(date))
        })
        .collect()
}

fn of_holidays(today: Date) -> Vec<Asked> {
    let crossed =
        DatePart::OF_HOLIDAY.into_iter().flat_map(|part| Holiday::ALL.map(|holiday| (part, holiday)));
    crossed
        .map(|(part, holiday)| {
            let date = holiday.date(today.year());
            let verb = if date < today { "was" } else { "is" };
            (format!("{} {verb} {holiday} this year?", part.asked()), part.answers(date))
        })
        .collect()
}

/// `August 14, 2020`.
fn written(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}
