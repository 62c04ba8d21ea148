//! Texts with the candidates that were kept.

use std::iter::FilterMap;

use crate::{
    by_text::ByText,
    candidate::{Candidate, Status},
    error::TrainError,
    texts::Text,
};

type Kept<C> = FilterMap<C, fn(<C as Iterator>::Item) -> Option<Result<Candidate, TrainError>>>;

/// Each text, in order, with its kept candidates, which are in the same order.
pub(super) type WithKept<T, C> = ByText<T, Kept<C>>;

pub(super) fn with_kept<T, C>(texts: T, candidates: C) -> WithKept<T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    ByText::new(texts, candidates.filter_map(kept as fn(C::Item) -> Option<Result<Candidate, TrainError>>))
}

/// A candidate if it was kept; an error if nobody asked whether it is to be.
fn kept(candidate: Result<Candidate, TrainError>) -> Option<Result<Candidate, TrainError>> {
    match &candidate {
        Ok(Candidate { kept: Some(true), .. }) | Err(_) => Some(candidate),
        Ok(Candidate { kept: None, status: Status::Ok, text_id, .. }) => {
            let why = "was not filtered; run `filter` on the file first, and weave what it writes".into();
            Some(Err(TrainError::Candidate { text_id: text_id.clone(), why }))
        }
        Ok(_) => None,
    }
}
