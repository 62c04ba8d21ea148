//! Padding to one length.

use super::padded_batch::PaddedBatch;
use crate::{error::DataError, training_sequence::TrainingSequence};

/// How long the rows of a batch become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PadTo {
    /// As the longest.
    #[default]
    Longest,
    /// As the longest, rounded up to a multiple of this, so that there are fewer shapes.
    Multiple(usize),
    /// This length.
    Fixed(usize),
}

/// Where padding stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PadSide {
    /// Before the tokens, so that all rows end at one column.
    Left,
    /// Behind the tokens.
    #[default]
    Right,
}

/// Puts sequences together to a batch.
///
/// ```
/// use toolformer_data::{PadTo, Padding, TrainingSequence};
///
/// let padding = Padding { to: PadTo::Multiple(4), ..Padding::with(0) };
/// let batch = padding.batch(&[vec![5, 6, 7].into(), TrainingSequence::of_completion(&[8], &[9])])?;
/// assert_eq!((batch.rows, batch.width), (2, 4));
/// assert_eq!(batch.ids, [5, 6, 7, 0, 8, 9, 0, 0]);
/// assert_eq!(batch.in_loss, [false, true, true, false, false, true, false, false]);
/// # Ok::<(), toolformer_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// The id that fills up; it is masked, so any id of the model will do.
    pub pad_id: u32,
    /// How long the rows become.
    pub to: PadTo,
    /// Where it stands.
    pub side: PadSide,
}

impl Padding {
    /// With an id, behind the tokens, to the longest.
    pub fn with(pad_id: u32) -> Self {
        Self { pad_id, to: PadTo::default(), side: PadSide::default() }
    }

    /// Pads sequences to one length.
    ///
    /// # Shapes
    /// - returns `[rows, width]` with a row for each sequence
    ///
    /// # Errors
    /// If a sequence is longer than a fixed length, or the multiple is 0.
    pub fn batch<'a>(
        &self,
        sequences: impl IntoIterator<Item = &'a TrainingSequence>,
    ) -> Result<PaddedBatch, DataError> {
        let sequences: Vec<&TrainingSequence> = sequences.into_iter().collect();
        let width = self.width(sequences.iter().map(|sequence| sequence.len()))?;
        Ok(self.fill(&sequences, width))
    }

    /// The width of rows with such lengths.
    pub(super) fn width(&self, lengths: impl Iterator<Item = usize>) -> Result<usize, DataError> {
        let longest = lengths.max().unwrap_or(0);
        match self.to {
            PadTo::Longest => Ok(longest),
            PadTo::Multiple(0) => {
                Err(DataError::setting("pad to multiple", "0 has no multiples; give 1 or more"))
            }
            PadTo::Multiple(of) => Ok(longest.next_multiple_of(of)),
            PadTo::Fixed(width) if longest > width => {
                let why = format!(
                    "a sequence has {longest} tokens, more than {width}; cut it first (`LengthLimits`)"
                );
                Err(DataError::setting("pad to fixed length", why))
            }
            PadTo::Fixed(width) => Ok(width),
        }
    }

    /// No sequence is longer than `width`.
    pub(super) fn fill(self, sequences: &[&TrainingSequence], width: usize) -> PaddedBatch {
        let tokens = sequences.len() * width;
        let mut batch = PaddedBatch {
            rows: sequences.len(),
            width,
            ids: vec![self.pad_id; tokens],
            attention: vec![false; tokens],
            in_loss: vec![false; tokens],
        };
        for (row, sequence) in sequences.iter().enumerate() {
            let len = sequence.len();
            let start = row * width + if self.side == PadSide::Left { width - len } else { 0 };
            batch.ids[start..start + len].copy_from_slice(sequence.ids());
            batch.attention[start..start + len].fill(true);
            for index in 1..len {
                batch.in_loss[start + index] = sequence.is_in_loss(index);
            }
        }
        batch
    }
}
