//! Texts with their kept candidates, from two streams in the same order.

use std::{
    collections::{HashMap, VecDeque},
    iter::Peekable,
};

use crate::{
    candidate::Candidate,
    error::TrainError,
    texts::{Text, TextId},
};

/// How many texts a candidate may be behind those of a later text. The candidates of a unit of texts are written tool by
/// tool, so that their order is that of the texts within this reach.
const REACH: usize = 1024;

/// Each text, in order, with its kept candidates; some hundred texts are in memory at a time.
pub(super) struct Joined<T, C: Iterator> {
    texts: T,
    candidates: Peekable<C>,
    waiting: VecDeque<(Text, Vec<Candidate>)>,
    /// The numbers of the waiting texts, counted over all.
    numbers: HashMap<TextId, usize>,
    /// Texts that wait no more.
    given: usize,
    reach: usize,
    is_over: bool,
}

impl<T, C> Joined<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    pub(super) fn new(texts: T, candidates: C) -> Self {
        let (candidates, waiting, numbers) = (candidates.peekable(), VecDeque::new(), HashMap::new());
        Self { texts, candidates, waiting, numbers, given: 0, reach: REACH, is_over: false }
    }

    fn read(&mut self) -> Result<Option<(Text, Vec<Candidate>)>, TrainError> {
        loop {
            while let Some(candidate) = self.candidates.next_if(|next| match next {
                Ok(candidate) => {
                    candidate.kept != Some(true) || self.numbers.contains_key(&candidate.text_id)
                }
                Err(_) => true,
            }) {
                let candidate = candidate?;
                if candidate.kept == Some(true)
                    && let Some(number) = self.numbers.get(&candidate.text_id)
                {
                    self.waiting[number - self.given].1.push(candidate);
                }
            }
            // What comes next, if anything does, belongs to a text that was not read yet.
            if self.candidates.peek().is_none() || self.waiting.len() > self.reach {
                if let Some((text, candidates)) = self.waiting.pop_front() {
                    self.numbers.remove(&text.id);
                    self.given += 1;
                    return Ok(Some((text, candidates)));
                }
            }
            match (self.texts.next().transpose()?, self.candidates.peek()) {
                (Some(text), _) => {
                    self.numbers.insert(text.id.clone(), self.given + self.waiting.len());
                    self.waiting.push_back((text, Vec::new()));
                }
                (None, Some(Ok(candidate))) => return Err(stray(candidate)),
                (None, _) => return Ok(None),
            }
        }
    }
}

fn stray(candidate: &Candidate) -> TrainError {
    let why = "names a text that is not among the texts, or stands behind the candidates of much later ones; give the \
               file of texts that the candidates were made from, and the candidates in its order, as `annotate` and \
               `filter` write them";
    TrainError::Candidate { text_id: candidate.text_id.clone(), why: why.into() }
}

impl<T, C> Iterator for Joined<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    type Item = Result<(Text, Vec<Candidate>), TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts 0 to `texts`, and a candidate of each of `of`: how many each text is given, or the error.
    fn join(texts: u64, of: &[u64], reach: usize) -> Result<Vec<usize>, String> {
        let text = |id| Text { id: TextId::Number(id), text: "x".into(), rest: serde_json::Map::new() };
        let candidate = |&id: &u64| -> Candidate {
            serde_json::from_value(serde_json::json!({
                "text_id": id, "tool": "C", "position": 0, "token_position": 0, "p_start": 0.1, "call": "C(1)",
                "status": "ok", "result": "1", "delta": 1.0, "kept": id < 90,
            }))
            .unwrap()
        };
        let joined = Joined::new((0..texts).map(|id| Ok(text(id))), of.iter().map(candidate).map(Ok));
        let mut joined = Joined { reach, ..joined };
        let all: Result<Vec<_>, TrainError> = joined.by_ref().collect();
        assert!(joined.next().is_none());
        let all = all.map_err(|error| error.to_string())?;
        assert!(all.iter().zip(0..).all(|((text, _), id)| text.id == TextId::Number(id)));
        assert!(
            all.iter().flat_map(|(text, own)| own.iter().map(move |c| c.text_id == text.id)).all(|is| is)
        );
        Ok(all.iter().map(|(_, own)| own.len()).collect())
    }

    #[track_caller]
    fn check(texts: u64, of: &[u64], reach: usize, expected: &[usize]) {
        assert_eq!(join(texts, of, reach).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn check_error(texts: u64, of: &[u64], reach: usize, id: &str) {
        let error = join(texts, of, reach).unwrap_err();
        assert!(error.contains(id) && error.contains("not among the texts"), "{error}");
    }

    #[test]
    fn each_text_has_its_own() {
        check(0, &[], 1, &[]);
        check(3, &[], 1, &[0, 0, 0]);
        check(4, &[1, 1, 3], 1, &[0, 2, 0, 1]);
        check(2, &[0, 0, 0], 1, &[3, 0]);
        // What was not kept may name anything.
        check(2, &[99, 0, 99, 1, 99], 1, &[1, 1]);
    }

    #[test]
    fn within_a_unit_the_order_is_free() {
        check(6, &[0, 1, 2, 0, 1, 3, 4, 5, 3], 2, &[2, 2, 1, 2, 1, 1]);
        check(3, &[2, 1, 0], 2, &[1, 1, 1]);
        check_error(5, &[3, 0], 2, "text 0 ");
    }

    #[test]
    fn texts_that_are_not_there_are_an_error() {
        check_error(3, &[0, 7, 1], 9, "text 7 ");
        check_error(0, &[0], 9, "text 0 ");
    }
}
