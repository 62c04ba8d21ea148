//! The groups of questions, a template each.

use std::fmt;

/// A group of questions: a template of the paper's Table 11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatesetGroup {
    /// How many days ago a date was, or how many there are until one.
    DaysBetween,
    /// Which weekday, day of the month, month or year it was some days, weeks, months or years ago.
    Ago,
    /// The same for what lies ahead.
    Ahead,
    /// Which weekday a date was or is.
    Weekday,
    /// Which weekday, day of the month, month or year it was or is on the day before yesterday, yesterday, today,
    /// tomorrow, or the day after tomorrow.
    NearDay,
    /// Which weekday, day of the month or month a holiday of this year falls on.
    Holiday,
    /// How many days, weeks, months or years ago a holiday of this year was, or how many there are until it.
    HolidayDistance,
}

impl DatesetGroup {
    /// All, in the paper's order.
    pub const ALL: [Self; 7] = [
        Self::DaysBetween,
        Self::Ago,
        Self::Ahead,
        Self::Weekday,
        Self::NearDay,
        Self::Holiday,
        Self::HolidayDistance,
    ];

    /// A name for categories and ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::DaysBetween => "days-between",
            Self::Ago => "ago",
            Self::Ahead => "ahead",
            Self::Weekday => "weekday",
            Self::NearDay => "near-day",
            Self::Holiday => "holiday",
            Self::HolidayDistance => "holiday-distance",
        }
    }

    /// Questions in it.
    pub fn size(self) -> usize {
        match self {
            Self::DaysBetween | Self::Weekday => 400,
            Self::Ago | Self::Ahead => 800,
            Self::NearDay => 4_000,
            Self::Holiday => 1_800,
            Self::HolidayDistance => 1_200,
        }
    }

    /// Days on which its questions are asked.
    pub(super) fn days(self) -> usize {
        match self {
            Self::DaysBetween | Self::Weekday | Self::NearDay => 200,
            Self::Ago | Self::Ahead | Self::Holiday => 50,
            Self::HolidayDistance => 25,
        }
    }
}

impl fmt::Display for DatesetGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
