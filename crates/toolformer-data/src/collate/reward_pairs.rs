//! Pairs of answers of which one is better, for a reward model or for preference training.

use super::{padded_batch::PaddedBatch, padding::Padding};
use crate::{error::DataError, training_sequence::TrainingSequence};

/// Two answers to one prompt, each with it.
#[derive(Clone, Debug, PartialEq)]
pub struct RewardPair {
    /// The better one.
    pub chosen: TrainingSequence,
    /// The other.
    pub rejected: TrainingSequence,
    /// By how much it is better, in the unit of rewards, where that is known.
    pub margin: Option<f32>,
}

/// A batch of pairs. Both sides have one width, so that they can go through a model together.
#[derive(Clone, Debug, PartialEq)]
pub struct RewardPairs {
    /// The better ones: `[pairs, width]`.
    pub chosen: PaddedBatch,
    /// The others: `[pairs, width]`.
    pub rejected: PaddedBatch,
    /// `[pairs]`, in the unit of rewards.
    pub margin: Option<Vec<f32>>,
}

impl Padding {
    /// Pads both answers of all pairs to one length.
    ///
    /// # Shapes
    /// - returns `[pairs, width]` on both sides, `[pairs]` margins
    ///
    /// # Errors
    /// As [`Padding::batch`], and if some pairs have a margin and others none.
    pub fn pairs(&self, pairs: &[RewardPair]) -> Result<RewardPairs, DataError> {
        let chosen: Vec<&TrainingSequence> = pairs.iter().map(|pair| &pair.chosen).collect();
        let rejected: Vec<&TrainingSequence> = pairs.iter().map(|pair| &pair.rejected).collect();
        let width = self.width(chosen.iter().chain(&rejected).map(|sequence| sequence.len()))?;
        let margins: Vec<f32> = pairs.iter().filter_map(|pair| pair.margin).collect();
        if !margins.is_empty() && margins.len() != pairs.len() {
            let why =
                format!("{} of {} pairs have one; give one to each, or to none", margins.len(), pairs.len());
            return Err(DataError::setting("margin", why));
        }
        Ok(RewardPairs {
            chosen: self.fill(&chosen, width),
            rejected: self.fill(&rejected, width),
            margin: Some(margins).filter(|margins| !margins.is_empty()),
        })
    }
}
