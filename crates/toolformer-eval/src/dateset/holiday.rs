//! The holidays that are asked about.

use std::fmt;

use jiff::civil::{Date, Weekday, date};

/// A holiday of the United States: the ten federal ones of before 2021, Easter and Halloween.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holiday {
    /// January 1.
    NewYearsDay,
    /// The third Monday of January.
    MartinLutherKingDay,
    /// The third Monday of February.
    PresidentsDay,
    /// Of the western churches: the Sunday after the full moon on or after March 21.
    Easter,
    /// The last Monday of May.
    MemorialDay,
    /// July 4.
    IndependenceDay,
    /// The first Monday of September.
    LaborDay,
    /// The second Monday of October.
    ColumbusDay,
    /// October 31.
    Halloween,
    /// November 11.
    VeteransDay,
    /// The fourth Thursday of November.
    Thanksgiving,
    /// December 25.
    Christmas,
}

impl Holiday {
    /// All, in the year's order.
    pub const ALL: [Self; 12] = [
        Self::NewYearsDay,
        Self::MartinLutherKingDay,
        Self::PresidentsDay,
        Self::Easter,
        Self::MemorialDay,
        Self::IndependenceDay,
        Self::LaborDay,
        Self::ColumbusDay,
        Self::Halloween,
        Self::VeteransDay,
        Self::Thanksgiving,
        Self::Christmas,
    ];

    /// When it is, in a year of the Gregorian calendar.
    pub fn date(self, year: i16) -> Date {
        match self {
            Self::NewYearsDay => date(year, 1, 1),
            Self::MartinLutherKingDay => nth(year, 1, 3, Weekday::Monday),
            Self::PresidentsDay => nth(year, 2, 3, Weekday::Monday),
            Self::Easter => easter(year),
            Self::MemorialDay => nth(year, 5, -1, Weekday::Monday),
            Self::IndependenceDay => date(year, 7, 4),
            Self::LaborDay => nth(year, 9, 1, Weekday::Monday),
            Self::ColumbusDay => nth(year, 10, 2, Weekday::Monday),
            Self::Halloween => date(year, 10, 31),
            Self::VeteransDay => date(year, 11, 11),
            Self::Thanksgiving => nth(year, 11, 4, Weekday::Thursday),
            Self::Christmas => date(year, 12, 25),
        }
    }
}

impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewYearsDay => "New Year's Day",
            Self::MartinLutherKingDay => "Martin Luther King Jr. Day",
            Self::PresidentsDay => "Presidents' Day",
            Self::Easter => "Easter",
            Self::MemorialDay => "Memorial Day",
            Self::IndependenceDay => "Independence Day",
            Self::LaborDay => "Labor Day",
            Self::ColumbusDay => "Columbus Day",
            Self::Halloween => "Halloween",
            Self::VeteransDay => "Veterans Day",
            Self::Thanksgiving => "Thanksgiving",
            Self::Christmas => "Christmas",
        })
    }
}

/// The nth such weekday of a month, -1 for the last. All months have four of each, and no more is asked for.
fn nth(year: i16, month: i8, n: i8, weekday: Weekday) -> Date {
    let first = date(year, month, 1);
    first.nth_weekday_of_month(n, weekday).unwrap_or(first)
}

/// Easter by the computus of Butcher's Ecclesiastical Calendar (1876), which Meeus gives.
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (golden, century, of_century) = (y % 19, y / 100, y % 100);
    let leap_centuries = century / 4;
    let moon_shift = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - leap_centuries - moon_shift + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * to_sunday) / 451;
    let day = moon + to_sunday - 7 * late + 114;
    date(year, if day / 31 == 3 { 3 } else { 4 }, i8::try_from(day % 31 + 1).unwrap_or(1))
}
