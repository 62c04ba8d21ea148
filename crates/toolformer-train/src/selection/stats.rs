//! What a selection let through, in numbers.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// What let a text through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// One of its numbers is computed from two others near by.
    ComputedNumber,
    /// A number stands behind `=`, `equals`, `equal to`, `total of` or `average of`.
    GivenResult,
    /// It holds three numbers, and was drawn.
    ThreeNumbers,
    /// The day that it is of is known.
    Dated,
    /// A passage in another language stands between English.
    ForeignPassage,
    /// There is no rule: every text is let through.
    Every,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ComputedNumber => "with a number that is computed from two others",
            Self::GivenResult => "with a number behind =, equals, equal to, total of or average of",
            Self::ThreeNumbers => "drawn of those with three numbers",
            Self::Dated => "of a known day",
            Self::ForeignPassage => "with a passage in another language",
            Self::Every => "by no rule: every text is taken",
        })
    }
}

/// Counts of a selection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionStats {
    /// Texts seen.
    pub texts: usize,
    /// Texts let through.
    pub selected: usize,
    /// The same by the first rule that let them through.
    pub by_rule: BTreeMap<Rule, usize>,
    /// Texts not let through.
    pub dropped: usize,
}

impl SelectionStats {
    /// Counts a text.
    pub(super) fn count(&mut self, rule: Option<Rule>) {
        self.texts += 1;
        match rule {
            Some(rule) => {
                self.selected += 1;
                *self.by_rule.entry(rule).or_default() += 1;
            }
            None => self.dropped += 1,
        }
    }

    /// Adds the counts of further texts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.texts += other.texts;
        self.selected += other.selected;
        self.dropped += other.dropped;
        for (&rule, count) in &other.by_rule {
            *self.by_rule.entry(rule).or_default() += count;
        }
    }
}
