//! Texts with the candidates that were kept.

use std::iter::Filter;

use crate::{by_text::ByText, candidate::Candidate, error::TrainError, texts::Text};

type Kept<C> = Filter<C, fn(&<C as Iterator>::Item) -> bool>;

/// Each text, in order, with its kept candidates, which are in the same order.
pub(super) type WithKept<T, C> = ByText<T, Kept<C>>;

pub(super) fn with_kept<T, C>(texts: T, candidates: C) -> WithKept<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    let is_kept: fn(&Result<Candidate, TrainError>) -> bool =
        |candidate| candidate.as_ref().map_or(true, |candidate| candidate.kept == Some(true));
    ByText::new(texts, candidates.filter(is_kept))
}
