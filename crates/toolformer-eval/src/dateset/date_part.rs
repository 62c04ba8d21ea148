//! What of a date is asked.

use jiff::civil::Date;

use super::number_words::ORDINALS;

/// What of a date is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatePart {
    Weekday,
    DayOfMonth,
    Month,
    Year,
}

impl DatePart {
    pub(super) const ALL: [Self; 4] = [Self::Weekday, Self::DayOfMonth, Self::Month, Self::Year];
    /// What can be asked about a holiday of this year.
    pub(super) const OF_HOLIDAY: [Self; 3] = [Self::Weekday, Self::DayOfMonth, Self::Month];

    /// As a question asks for it.
    pub(super) fn asked(self) -> &'static str {
        match self {
            Self::Weekday => "What day of the week",
            Self::DayOfMonth => "What day of the month",
            Self::Month => "What month",
            Self::Year => "What year",
        }
    }

    /// What is right for a date, in all its forms.
    pub(super) fn answers(self, of: Date) -> Vec<String> {
        match self {
            Self::Weekday => named(&of.strftime("%A").to_string()),
            Self::Month => named(&of.strftime("%B").to_string()),
            Self::Year => vec![of.year().to_string()],
            Self::DayOfMonth => {
                let day = of.day();
                let ending = match (day % 10, day / 10) {
                    (1, tens) if tens != 1 => "st",
                    (2, tens) if tens != 1 => "nd",
                    (3, tens) if tens != 1 => "rd",
                    _ => "th",
                };
                let word = usize::try_from(day - 1).ok().and_then(|at| ORDINALS.get(at));
                let forms = [
                    Some(day.to_string()),
                    Some(format!("{day}{ending}")),
                    word.map(|&word| word.to_owned()),
                ];
                forms.into_iter().flatten().collect()
            }
        }
    }
}

/// A name, and its first three letters, which are `May` itself.
fn named(name: &str) -> Vec<String> {
    let short: String = name.chars().take(3).collect();
    if short == name { vec![short] } else { vec![name.to_owned(), short] }
}
