//! A calendar that counts day by day, to compare with.

/// A date as year, month and day.
pub(crate) type Day = (i64, i64, i64);

pub(crate) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(crate) const MONTHS: [&str; 12] = [
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

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn next((year, month, day): Day) -> Day {
    if day < days_in_month(year, month) {
        (year, month, day + 1)
    } else if month < 12 {
        (year, month + 1, 1)
    } else {
        (year + 1, 1, 1)
    }
}

fn previous((year, month, day): Day) -> Day {
    if day > 1 {
        (year, month, day - 1)
    } else if month > 1 {
        (year, month - 1, days_in_month(year, month - 1))
    } else {
        (year - 1, 12, 31)
    }
}

/// The date `days` later, one step at a time.
pub(crate) fn step(mut date: Day, days: i64) -> Day {
    for _ in 0..days.abs() {
        date = if days > 0 { next(date) } else { previous(date) };
    }
    date
}

/// How many steps lead from one date to the other.
pub(crate) fn steps(from: Day, to: Day) -> i64 {
    let (mut at, end) = (from.min(to), from.max(to));
    let mut count = 0;
    while at != end {
        at = next(at);
        count += 1;
    }
    if from <= to { count } else { -count }
}

/// The same day of the month, or the month's last, so many months later.
pub(crate) fn months_later((mut year, mut month, day): Day, months: i64) -> Day {
    for _ in 0..months.abs() {
        (year, month) = match (months > 0, month) {
            (true, 12) => (year + 1, 1),
            (true, _) => (year, month + 1),
            (false, 1) => (year - 1, 12),
            (false, _) => (year, month - 1),
        };
    }
    (year, month, day.min(days_in_month(year, month)))
}

/// Counted from a Monday in 2001.
pub(crate) fn weekday(date: Day) -> usize {
    usize::try_from(steps((2001, 1, 1), date).rem_euclid(7)).unwrap()
}

pub(crate) fn iso((year, month, day): Day) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

pub(crate) fn long(date: Day) -> String {
    let month = MONTHS[usize::try_from(date.1).unwrap() - 1];
    format!("{}, {month} {}, {:04}", WEEKDAYS[weekday(date)], date.2, date.0)
}
