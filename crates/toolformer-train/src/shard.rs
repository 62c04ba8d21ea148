//! A part of a run, for several machines.

use std::{fmt, num::NonZeroUsize, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of `of` parts of the units of a run: `2/4` is the second of four. Parts lie one behind the other, and hold the same
/// number of units up to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    number: NonZeroUsize,
    of: NonZeroUsize,
}

impl Shard {
    /// The whole run.
    pub const WHOLE: Self = Self { number: NonZeroUsize::MIN, of: NonZeroUsize::MIN };

    /// Part `number`, from 1, of `of`; none if there is no such part.
    pub fn new(number: usize, of: usize) -> Option<Self> {
        let shard = Self { number: NonZeroUsize::new(number)?, of: NonZeroUsize::new(of)? };
        (number <= of).then_some(shard)
    }

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self.number.get()
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of.get()
    }

    /// Whether it is all of the run.
    pub fn is_whole(&self) -> bool {
        self.of.get() == 1
    }

    /// Its part of `units`.
    pub fn range(self, units: usize) -> Range<usize> {
        // In 128 bits: the product of two numbers of texts may not fit into 64.
        let cut = |number: usize| (units as u128 * number as u128 / self.of.get() as u128) as usize;
        cut(self.number.get() - 1)..cut(self.number.get())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let shard = numbers.and_then(|(number, of)| Self::new(number, of));
        shard.ok_or_else(|| {
            format!("{text} is no part of a run; give one such as 2/4, the second of four parts")
        })
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_a_run() {
        for units in [0, 1, 5, 12, 1000, usize::MAX] {
            for of in 1..=13 {
                let ranges = (1..=of).map(|number| Shard::new(number, of).unwrap().range(units));
                let end = ranges.fold(0, |end, range| {
                    assert_eq!(range.start, end);
                    assert!(range.len().abs_diff(units / of) <= 1);
                    range.end
                });
                assert_eq!(end, units);
            }
        }
        assert_eq!(Shard::WHOLE.range(7), 0..7);
    }

    #[test]
    fn parts_are_written_as_fractions() {
        assert_eq!("2/4".parse(), Ok(Shard::new(2, 4).unwrap()));
        assert_eq!(Shard::new(2, 4).unwrap().to_string(), "2/4");
        for wrong in ["0/4", "5/4", "1/0", "1", "a/b", "-1/4", "1/4/2", ""] {
            assert!(wrong.parse::<Shard>().unwrap_err().contains("2/4"), "{wrong}");
        }
    }
}
