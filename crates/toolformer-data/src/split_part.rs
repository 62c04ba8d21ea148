//! Parts of splits, as they are written in `load_dataset(split=...)`: `train[:10%]`.

use std::{ops::Range, str::FromStr, sync::LazyLock};

use regex::Regex;

use crate::error::DataError;

/// A split, or the rows of it from one bound to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SplitPart {
    pub(crate) split: String,
    /// Where it begins, and where it ends; at the split's own ends where they are not given.
    pub(crate) bounds: [Option<Bound>; 2],
}

/// A place between two rows; counted from the end where it is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    Row(i64),
    Percent(f64),
}

static PART: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*([\w.-]+?)\s*(?:\[\s*(-?[\d_.]+%?)?\s*:\s*(-?[\d_.]+%?)?\s*\])?\s*$").ok()
});

impl FromStr for SplitPart {
    type Err = DataError;

    fn from_str(given: &str) -> Result<Self, DataError> {
        let wrong = |why: &str| DataError::SplitSyntax { given: given.to_owned(), why: why.to_owned() };
        let groups = PART.as_ref().and_then(|pattern| pattern.captures(given));
        let groups = groups.ok_or_else(|| wrong("is no part of a split"))?;
        let bound = |group| {
            let text = groups.get(group).map(|text| text.as_str().replace('_', ""));
            let bound = text.map(|text| match text.strip_suffix('%') {
                Some(percent) => percent
                    .parse()
                    .ok()
                    .filter(|percent| (-100.0..=100.0).contains(percent))
                    .map(Bound::Percent),
                None => text.parse().ok().map(Bound::Row),
            });
            bound
                .map(|bound| {
                    bound.ok_or_else(|| wrong("has a bound that is no row, and no % from -100 to 100"))
                })
                .transpose()
        };
        let split = groups.get(1).map_or("", |name| name.as_str()).to_owned();
        Ok(Self { split, bounds: [bound(2)?, bound(3)?] })
    }
}

impl SplitPart {
    /// Whether the number of rows has to be known.
    pub(crate) fn needs_count(&self) -> bool {
        self.bounds.iter().flatten().any(|bound| !matches!(bound, Bound::Row(row) if *row >= 0))
    }

    /// The rows, of so many that the split has.
    pub(crate) fn of(&self, rows: usize) -> Range<usize> {
        let place = |bound: Option<Bound>, default| bound.map_or(default, |bound| bound.of(rows));
        let [from, to] = self.bounds;
        place(from, 0)..place(to, rows)
    }
}

impl Bound {
    /// Percents go to the nearest row, halves to the even one, as in `datasets`.
    pub(crate) fn of(self, rows: usize) -> usize {
        let row = match self {
            Self::Row(row) => row,
            Self::Percent(percent) => (percent * rows as f64 / 100.0).round_ties_even() as i64,
        };
        let row = usize::try_from(row).unwrap_or_else(|_| {
            rows.saturating_sub(usize::try_from(row.unsigned_abs()).unwrap_or(usize::MAX))
        });
        row.min(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, rows: usize, expected: Range<usize>) {
        assert_eq!(given.parse::<SplitPart>().unwrap().of(rows), expected, "{given}");
    }

    #[test]
    fn bounds_are_rows_or_percents() {
        check("train", 7, 0..7);
        check("train[:10%]", 200, 0..20);
        check("train[5%:]", 30, 2..30); // 1.5, and the even of 1 and 2
        check("train[5%:]", 50, 2..50); // 2.5
        check("train[100:200]", 1000, 100..200);
        check("train[100:200]", 150, 100..150);
        check("train[-10%:]", 50, 45..50);
        check("train[:-3]", 10, 0..7);
        check("train[-30:]", 10, 0..10);
        check(" train [ 1_0 : 12.5% ] ", 100, 10..12);
        check("train[:]", 3, 0..3);
    }

    #[track_caller]
    fn check_error(given: &str, part: &str) {
        let error = given.parse::<SplitPart>().unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("train[:10%]"), "{error}");
    }

    #[test]
    fn what_is_no_part_is_told() {
        check_error("train[10%]", "is no part of a split");
        check_error("train[:10", "is no part of a split");
        check_error("", "is no part of a split");
        check_error("train[:101%]", "from -100 to 100");
        check_error("train[1.5:]", "no row");
    }
}
