//! What a model is trained on: ids, and which of them it learns to write.

use std::ops::Range;

use crate::error::DataError;

/// A sequence of ids to train on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainingSequence {
    ids: Vec<u32>,
    /// Of each id, whether it is in the loss; none where all are.
    in_loss: Option<Vec<bool>>,
}

impl From<Vec<u32>> for TrainingSequence {
    /// Every token is in the loss.
    fn from(ids: Vec<u32>) -> Self {
        Self { ids, in_loss: None }
    }
}

impl TrainingSequence {
    /// Ids of which only some are in the loss: `in_loss` says it of each. All are read, whether or not they are in the loss.
    /// The first is never in it, as nothing predicts it.
    ///
    /// # Errors
    /// If the two differ in length.
    pub fn masked(ids: Vec<u32>, in_loss: Vec<bool>) -> Result<Self, DataError> {
        if ids.len() != in_loss.len() {
            let why = format!("has {} entries for {} ids; give one for each id", in_loss.len(), ids.len());
            return Err(DataError::setting("in_loss", why));
        }
        Ok(Self::of(ids, in_loss))
    }

    /// A prompt, which is only read, and the completion to it, which is learnt.
    pub fn of_completion(prompt: &[u32], completion: &[u32]) -> Self {
        let in_loss = [vec![false; prompt.len()], vec![true; completion.len()]].concat();
        Self::of([prompt, completion].concat(), in_loss)
    }

    /// Takes the tokens of `spans` out of the loss, such as what a tool answered.
    ///
    /// # Errors
    /// If a span ends before it begins or behind the last token.
    pub fn leave_out(mut self, spans: &[Range<usize>]) -> Result<Self, DataError> {
        let tokens = self.ids.len();
        let mut in_loss = self.in_loss.take().unwrap_or_else(|| vec![true; tokens]);
        for span in spans {
            let Some(left_out) = in_loss.get_mut(span.clone()) else {
                let why = format!("{span:?} does not lie in a sequence of {tokens} tokens, counted from 0");
                return Err(DataError::setting("spans", why));
            };
            left_out.fill(false);
        }
        Ok(Self::of(self.ids, in_loss))
    }

    /// The tokens of a range as a sequence of their own.
    ///
    /// # Panics
    /// If the range does not lie in the sequence.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let in_loss = self.in_loss.as_ref().map(|in_loss| in_loss[range.clone()].to_vec());
        Self { ids: self.ids[range].to_vec(), in_loss }
    }

    /// `in_loss` is as long as `ids`; it is left out where it says nothing.
    fn of(ids: Vec<u32>, in_loss: Vec<bool>) -> Self {
        let in_loss = Some(in_loss).filter(|in_loss| in_loss.contains(&false));
        Self { ids, in_loss }
    }

    /// The ids.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The ids, without what is in the loss.
    pub fn into_ids(self) -> Vec<u32> {
        self.ids
    }

    /// Of each id, whether it is in the loss; none where all are.
    pub fn in_loss(&self) -> Option<&[bool]> {
        self.in_loss.as_deref()
    }

    /// Whether the token at `index` is in the loss; the first of a sequence is predicted by nothing, whatever this says.
    pub(crate) fn is_in_loss(&self, index: usize) -> bool {
        self.in_loss.as_ref().is_none_or(|in_loss| in_loss[index])
    }

    /// Tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sequence: &TrainingSequence, ids: &[u32], in_loss: Option<&[bool]>) {
        assert_eq!((sequence.ids(), sequence.in_loss()), (ids, in_loss));
    }

    #[test]
    fn masks_are_of_the_whole_sequence() {
        check(&TrainingSequence::of_completion(&[1, 2], &[3]), &[1, 2, 3], Some(&[false, false, true]));
        check(&TrainingSequence::of_completion(&[], &[3, 4]), &[3, 4], None);
        let all = TrainingSequence::from(vec![1, 2, 3, 4]);
        check(
            &all.clone().leave_out(&[1..2, 3..4]).unwrap(),
            &[1, 2, 3, 4],
            Some(&[true, false, true, false]),
        );
        check(&all.clone().leave_out(&[]).unwrap(), &[1, 2, 3, 4], None);
        check(&all.clone().leave_out(&[0..0, 4..4]).unwrap(), &[1, 2, 3, 4], None);
        let both = TrainingSequence::of_completion(&[1], &[2, 3]).leave_out(&[0..0, 2..3]).unwrap();
        check(&both, &[1, 2, 3], Some(&[false, true, false]));
        let error = all.leave_out(&[0..1, 3..5]).unwrap_err().to_string();
        assert!(error.contains("3..5") && error.contains("4 tokens"), "{error}");
    }

    #[test]
    fn a_mask_has_an_entry_for_each_id() {
        let error = TrainingSequence::masked(vec![1, 2], vec![true]).unwrap_err().to_string();
        assert!(error.contains("1 entries for 2 ids"), "{error}");
        check(&TrainingSequence::masked(vec![1], vec![true]).unwrap(), &[1], None);
    }
}
