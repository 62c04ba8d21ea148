//! Dateset: questions whose answers depend on the day on which they are asked (appendix D).

mod date_part;
mod group;
mod holiday;
mod number_words;
mod questions;
mod time_unit;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

pub use self::{group::DatesetGroup, holiday::Holiday};
use crate::{EvalError, Item, statistics::draw_rng};

/// Days that questions are asked on (appendix D).
const CURRENT_DATES: usize = 500;

/// The generator of Dateset: 9,400 questions in seven groups ([`DatesetGroup`]), on 500 days that are drawn from
/// `first` to `last`. The same seed gives the same questions.
///
/// The paper gives the templates, the number of questions of each, the 500 days, and that other dates lie within four
/// years. What it does not say is decided here:
///
/// - How the numbers come about. Each group crosses all that its template lets vary with some of the days:
///   200 x (past, future) = 400; 50 x 4 parts of a date x 4 units = 800, for days ago and days ahead; 200 x (past,
///   future) = 400; 200 x 4 parts x 5 near days = 4,000; 50 x 3 parts x 12 holidays = 1,800; 25 x 4 units x 12
///   holidays = 1,200. The first four groups take each of the 500 days once, the others begin with the first of them
///   again.
/// - The days: those of 2013 to 2022, the ten years before the paper, unless told otherwise; no day twice.
/// - "N units ago" takes N from 1 to as many as four years have: 1,460 days, 208 weeks, 48 months, 4 years.
/// - A month or a year earlier or later has the same day's number, or its last day where it is shorter.
/// - The holidays: the ten federal ones of before 2021, Easter and Halloween ([`Holiday`]). Of one on the very day it
///   is asked how long it is until then; the answer is 0.
/// - How many weeks, months or years there are is how many whole ones, from the current day on.
/// - Right are a weekday's or month's name and its first three letters; a day of the month as `12`, `12th` or
///   `twelfth`; a number in digits, up to twelve also as a word.
///
/// ```
/// use toolformer_eval::Dateset;
/// let items = Dateset::with_seed(1).items()?;
/// assert_eq!(items.len(), 9_400);
/// assert!(items[0].fields["question"].starts_with("How many days ago was "));
/// # Ok::<(), toolformer_eval::EvalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dateset {
    /// What all draws depend on.
    #[serde(skip)]
    pub seed: u64,
    /// The first day on which a question may be asked.
    pub first: Date,
    /// The last.
    pub last: Date,
}

impl Default for Dateset {
    fn default() -> Self {
        Self { seed: 0, first: jiff::civil::date(2013, 1, 1), last: jiff::civil::date(2022, 12, 31) }
    }
}

impl Dateset {
    /// Over the ten years before the paper.
    pub fn with_seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The questions, group by group. Each has its day, which is its cluster too, its group's name as its category, and
    /// its right answers.
    ///
    /// # Errors
    /// If there are fewer than 500 days from `first` to `last`, or they lie outside of the years 1000 to 9000.
    pub fn items(&self) -> Result<Vec<Item>, EvalError> {
        let days = self.current_dates()?;
        let mut from = 0;
        let mut items = Vec::new();
        for group in DatesetGroup::ALL {
            let taken = days.iter().cycle().skip(from).take(group.days()).copied().enumerate();
            from = (from + group.days()) % days.len();
            let number_from = items.len();
            for (index, today) in taken {
                let draw =
                    |part: &str| draw_rng(self.seed, &["dateset", group.name(), &index.to_string(), part]);
                for (question, answers) in questions::questions(group, today, draw) {
                    let id = format!("{}-{}", group.name(), items.len() - number_from + 1);
                    let item = Item::new(id, answers).with("question", question).in_category(group.name());
                    items.push(Item { date: Some(today), ..item }.in_cluster(today.to_string()));
                }
            }
        }
        Ok(items)
    }

    /// The days on which questions are asked, in the order in which they were drawn.
    ///
    /// # Errors
    /// As [`Dateset::items`].
    pub fn current_dates(&self) -> Result<Vec<Date>, EvalError> {
        let wrong = |name, why: String| Err(EvalError::Setting { name, why });
        // Four years to either side have to be there too.
        for (name, day) in [("first", self.first), ("last", self.last)] {
            if !(1000..=9000).contains(&day.year()) {
                return wrong(name, format!("{day} lies outside of the years 1000 to 9000; choose another"));
            }
        }
        let count = (self.last - self.first).get_days() + 1;
        let count = usize::try_from(count).unwrap_or(0);
        if count < CURRENT_DATES {
            let why = format!(
                "from {} on there are {count} days, of which {CURRENT_DATES} are drawn; choose a later one",
                self.first
            );
            return wrong("last", why);
        }
        let mut rng = draw_rng(self.seed, &["dateset", "current dates"]);
        let drawn = rand::seq::index::sample(&mut rng, count, CURRENT_DATES);
        Ok(drawn.into_iter().map(|day| self.first + i64::try_from(day).unwrap_or(0).days()).collect())
    }
}
