//! Texts, each with its candidates.

use std::iter::Peekable;

use crate::{candidate::Candidate, error::TrainError, texts::Text};

/// Joins candidates to their texts as they come; candidates stand in the order of the texts.
pub(crate) struct ByText<T, C: Iterator> {
    texts: T,
    candidates: Peekable<C>,
}

impl<T, C> ByText<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    pub(crate) fn new(texts: T, candidates: impl IntoIterator<IntoIter = C>) -> Self {
        Self { texts, candidates: candidates.into_iter().peekable() }
    }

    fn read(&mut self) -> Result<Option<(Text, Vec<Candidate>)>, TrainError> {
        let Some(text) = self.texts.next().transpose()? else {
            // What is left found no text.
            return match self.candidates.next().transpose()? {
                None => Ok(None),
                Some(Candidate { text_id, .. }) => {
                    let why = "is not of these texts, or does not stand in their order; give the file of texts that \
                               the candidates were made from, and these as they were written";
                    Err(TrainError::Candidate { text_id, why: why.into() })
                }
            };
        };
        let mut own = Vec::new();
        // An error is looked at too, so that it comes out at its place.
        while let Some(candidate) =
            self.candidates.next_if(|next| next.as_ref().map_or(true, |next| next.text_id == text.id))
        {
            own.push(candidate?);
        }
        Ok(Some((text, own)))
    }
}

impl<T, C> Iterator for ByText<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    /// Errors: those of either side, and a candidate without a text.
    type Item = Result<(Text, Vec<Candidate>), TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: u64) -> Result<Text, TrainError> {
        Ok(serde_json::from_value(serde_json::json!({"id": id, "text": "a"})).unwrap())
    }

    fn candidate(id: u64) -> Result<Candidate, TrainError> {
        let json = serde_json::json!({"text_id": id, "tool": "T", "position": 0, "token_position": 0, "p_start": 0.1,
                                      "call": "T()", "status": "ok"});
        Ok(serde_json::from_value(json).unwrap())
    }

    #[track_caller]
    fn check(texts: &[u64], candidates: &[u64], expected: &[Option<usize>]) {
        let joined = ByText::new(texts.iter().copied().map(text), candidates.iter().copied().map(candidate));
        let found: Vec<_> = joined.take(9).map(|joined| joined.ok().map(|(_, own)| own.len())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn candidates_come_with_their_texts() {
        check(&[1, 2, 3], &[1, 1, 3], &[Some(2), Some(0), Some(1)]);
        check(&[1, 2], &[], &[Some(0), Some(0)]);
        check(&[1, 2], &[2, 1], &[Some(0), Some(1), None]);
        check(&[1], &[7], &[Some(0), None]);
    }
}
