//! A calendar of its own, to hold the generator's against: days are counted from the civil epoch, weekdays come by
//! Zeller's congruence, Easter by Gauss's rule. Nothing of the date library is used.

/// Year, month, day.
pub(crate) type Day = (i64, i64, i64);

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

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since March 1 of year 0.
pub(crate) fn day_number((year, month, day): Day) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1
}

/// A day before or after, one day at a time.
pub(crate) fn plus_days((mut year, mut month, mut day): Day, days: i64) -> Day {
    for _ in 0..days.abs() {
        day += days.signum();
        if day > month_length(year, month) {
            (month, day) = (month + 1, 1);
        } else if day == 0 {
            month -= 1;
            day = if month == 0 { 31 } else { month_length(year, month) };
        }
        match month {
            0 => (year, month) = (year - 1, 12),
            13 => (year, month) = (year + 1, 1),
            _ => {}
        }
    }
    (year, month, day)
}

pub(crate) fn plus_months((year, month, day): Day, months: i64) -> Day {
    let all = year * 12 + month - 1 + months;
    let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
    (year, month, day.min(month_length(year, month)))
}

/// By Zeller's congruence.
pub(crate) fn weekday((year, month, day): Day) -> &'static str {
    let (y, m) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    let (k, j) = (y % 100, y / 100);
    let h = (day + 13 * (m + 1) / 5 + k + k / 4 + j / 4 + 5 * j) % 7;
    ["Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"][h as usize]
}

/// By Gauss's rule, with his exceptions.
pub(crate) fn easter(year: i64) -> Day {
    let (a, b, c) = (year % 19, year % 4, year % 7);
    let k = year / 100;
    let (p, q) = ((13 + 8 * k) / 25, k / 4);
    let (m, n) = ((15 - p + k - q) % 30, (4 + k - q) % 7);
    let d = (19 * a + m) % 30;
    let e = (2 * b + 4 * c + 6 * d + n) % 7;
    let day = 22 + d + e;
    match (d, e) {
        (29, 6) => (year, 4, 19),
        (28, 6) if (11 * m + 11) % 30 < 19 => (year, 4, 18),
        _ if day <= 31 => (year, 3, day),
        _ => (year, 4, day - 31),
    }
}

/// The nth such weekday of a month, counting day by day; the last for 0.
fn nth(year: i64, month: i64, wanted: &str, n: usize) -> Day {
    let days =
        (1..=month_length(year, month)).map(|day| (year, month, day)).filter(|&day| weekday(day) == wanted);
    let days: Vec<_> = days.collect();
    if n == 0 { *days.last().unwrap() } else { days[n - 1] }
}

pub(crate) fn holiday(name: &str, year: i64) -> Day {
    match name {
        "New Year's Day" => (year, 1, 1),
        "Martin Luther King Jr. Day" => nth(year, 1, "Monday", 3),
        "Presidents' Day" => nth(year, 2, "Monday", 3),
        "Easter" => easter(year),
        "Memorial Day" => nth(year, 5, "Monday", 0),
        "Independence Day" => (year, 7, 4),
        "Labor Day" => nth(year, 9, "Monday", 1),
        "Columbus Day" => nth(year, 10, "Monday", 2),
        "Halloween" => (year, 10, 31),
        "Veterans Day" => (year, 11, 11),
        "Thanksgiving" => nth(year, 11, "Thursday", 4),
        "Christmas" => (year, 12, 25),
        other => panic!("no holiday: {other}"),
    }
}

#[test]
fn it_knows_days_that_are_known() {
    assert_eq!(weekday((2023, 1, 30)), "Monday");
    assert_eq!(weekday((2000, 2, 29)), "Tuesday");
    assert_eq!(plus_days((2019, 12, 31), 366), (2020, 12, 31));
    assert_eq!(plus_days((2020, 3, 1), -1), (2020, 2, 29));
    assert_eq!(day_number((2020, 3, 1)) - day_number((2019, 3, 1)), 366);
    assert_eq!(plus_months((2023, 1, 31), -11), (2022, 2, 28));
    let easters = [
        (2013, 3, 31),
        (2014, 4, 20),
        (2016, 3, 27),
        (2019, 4, 21),
        (2022, 4, 17),
        (2024, 3, 31),
        (1981, 4, 19),
        (1954, 4, 18),
    ];
    assert!(easters.iter().all(|&day| easter(day.0) == day));
    assert_eq!(holiday("Thanksgiving", 2022), (2022, 11, 24));
    assert_eq!(holiday("Memorial Day", 2022), (2022, 5, 30));
}
