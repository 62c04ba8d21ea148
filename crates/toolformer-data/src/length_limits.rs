//! Sequences that are too short or too long.

use serde::{Deserialize, Serialize};

use crate::{error::DataError, training_sequence::TrainingSequence};

/// What is done with a sequence that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TooLong {
    /// It is left out.
    Drop,
    /// Its last tokens are cut off.
    #[default]
    CutEnd,
    /// Its first tokens are cut off, so that an answer at the end stays.
    CutStart,
}

/// How long a sequence may be, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LengthLimits {
    /// Shorter ones are left out.
    pub min: usize,
    /// The most; none for any length.
    pub max: Option<usize>,
    /// What is done with longer ones.
    pub too_long: TooLong,
}

impl LengthLimits {
    /// The sequence as far as the limits let it through.
    pub fn apply(&self, sequence: TrainingSequence) -> Option<TrainingSequence> {
        let len = sequence.len();
        let cut = match self.max.filter(|&max| len > max) {
            None => sequence,
            Some(max) => match self.too_long {
                TooLong::Drop => return None,
                TooLong::CutEnd => sequence.part(0..max),
                TooLong::CutStart => sequence.part(len - max..len),
            },
        };
        Some(cut).filter(|cut| cut.len() >= self.min)
    }

    /// The same of many, one at a time.
    pub fn filter<I>(self, sequences: I) -> impl Iterator<Item = Result<TrainingSequence, DataError>>
    where
        I: IntoIterator<Item = Result<TrainingSequence, DataError>>,
    {
        sequences.into_iter().filter_map(move |sequence| match sequence {
            Ok(sequence) => self.apply(sequence).map(Ok),
            Err(error) => Some(Err(error)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(min: usize, max: usize, too_long: TooLong, expected: Option<(&[u32], Option<&[bool]>)>) {
        let sequence = TrainingSequence::of_completion(&[1, 2], &[3, 4]);
        let found = LengthLimits { min, max: Some(max), too_long }.apply(sequence);
        assert_eq!(found.as_ref().map(|found| (found.ids(), found.in_loss())), expected);
    }

    #[test]
    fn lengths_are_kept_cut_or_dropped() {
        let whole: (&[u32], Option<&[bool]>) = (&[1, 2, 3, 4], Some(&[false, false, true, true]));
        check(4, 4, TooLong::Drop, Some(whole));
        check(5, 9, TooLong::Drop, None);
        check(0, 3, TooLong::Drop, None);
        check(0, 3, TooLong::CutEnd, Some((&[1, 2, 3], Some(&[false, false, true]))));
        check(0, 3, TooLong::CutStart, Some((&[2, 3, 4], Some(&[false, true, true]))));
        check(3, 2, TooLong::CutEnd, None);
    }
}
