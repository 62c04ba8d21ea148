//! Days, weeks, months and years.

use jiff::{Span, Unit, civil::Date};

/// What time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Days,
    Weeks,
    Months,
    Years,
}

impl TimeUnit {
    pub(super) const ALL: [Self; 4] = [Self::Days, Self::Weeks, Self::Months, Self::Years];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
        }
    }

    /// `1 day`, `2 days`.
    pub(super) fn counted(self, number: i64) -> String {
        let name = self.name();
        let name = if number == 1 { name.trim_end_matches('s') } else { name };
        format!("{number} {name}")
    }

    /// So many lie within four years.
    pub(super) fn in_four_years(self) -> i64 {
        match self {
            Self::Days => 1_460,
            Self::Weeks => 208,
            Self::Months => 48,
            Self::Years => 4,
        }
    }

    /// So many after a day, or before it. A shorter month gives its last day.
    pub(super) fn from(self, day: Date, number: i64) -> Date {
        let span = Span::new();
        day.saturating_add(match self {
            Self::Days => span.days(number),
            Self::Weeks => span.weeks(number),
            Self::Months => span.months(number),
            Self::Years => span.years(number),
        })
    }

    /// How many whole ones lie between a day and another, before or after it.
    pub(super) fn between(self, day: Date, other: Date) -> i64 {
        let unit = match self {
            Self::Days => Unit::Day,
            Self::Weeks => Unit::Week,
            Self::Months => Unit::Month,
            Self::Years => Unit::Year,
        };
        // Days of a calendar have a span in each unit.
        let span = day.until((unit, other)).unwrap_or_default();
        i64::from(match self {
            Self::Days => span.get_days(),
            Self::Weeks => span.get_weeks(),
            Self::Months => span.get_months(),
            Self::Years => i32::from(span.get_years()),
        })
        .abs()
    }
}
