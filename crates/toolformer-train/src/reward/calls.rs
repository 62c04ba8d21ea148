//! Calls as what a reward model reads, and pairs of them out of a run.

use toolformer_text::Syntax;

use super::{Conversation, PreferencePair};
use crate::{
    by_text::ByText,
    candidate::{Candidate, Status, name_and_args},
    error::TrainError,
    texts::Text,
};

/// Bytes of a text that are shown behind a call. The filter measures the first five tokens there (section 4.1).
const SHOWN_BEHIND: usize = 32;

/// Which calls of a text are compared with one that was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rivals {
    /// Those at the same place.
    #[default]
    SamePlace,
    /// Those at any place: many more pairs, which also say at which places calls help.
    AnyPlace,
}

/// A call where it stands: the text up to it, the call without a result, and what the text says next. None if it is no call.
pub fn call_in_place(text: &str, candidate: &Candidate, syntax: &Syntax) -> Option<Conversation> {
    let before = text.get(..candidate.position)?.trim_end();
    let (name, args) = name_and_args(&candidate.call)?;
    let end = text.floor_char_boundary(candidate.position + SHOWN_BEHIND);
    let behind = &text[before.len()..end];
    Some(Conversation {
        answer: format!("{before}{}{behind}", syntax.call(name, args)),
        ..Conversation::default()
    })
}

/// Pairs out of the verdicts of a filter: a call that it kept is better than one of the same text that it did not, or that
/// could not be executed. Each kept call is paired with each of its rivals once. All pairs of a text are held out together.
/// Texts and candidates come in the same order.
///
/// # Errors
/// Those of either side; if candidates were not filtered, or belong to other texts.
pub fn pairs_of_calls(
    texts: impl Iterator<Item = Result<Text, TrainError>>,
    candidates: impl Iterator<Item = Result<Candidate, TrainError>>,
    syntax: &Syntax,
    rivals: Rivals,
) -> Result<Vec<PreferencePair>, TrainError> {
    let mut pairs = Vec::new();
    for joined in ByText::new(texts, candidates) {
        let (text, own) = joined?;
        if let Some(Candidate { text_id, .. }) = own.iter().find(|candidate| candidate.kept.is_none()) {
            let why = "was not filtered; run `filter` on the file first".to_owned();
            return Err(TrainError::Candidate { text_id: text_id.clone(), why });
        }
        // A call that was sampled again is the same pair again, and what a screen left out was not judged.
        let is_judged = |status: Status| !matches!(status, Status::Duplicate | Status::Screened);
        let own: Vec<&Candidate> = own.iter().filter(|candidate| is_judged(candidate.status)).collect();
        for kept in own.iter().filter(|candidate| candidate.kept == Some(true)) {
            let is_rival = |other: &&&Candidate| {
                let same_place = other.position == kept.position;
                other.kept == Some(false)
                    && if same_place { other.call != kept.call } else { rivals == Rivals::AnyPlace }
            };
            for other in own.iter().filter(is_rival) {
                let sides = [kept, other].map(|candidate| call_in_place(&text.text, candidate, syntax));
                if let [Some(chosen), Some(rejected)] = sides {
                    let group = Some(format!("text {}", text.id));
                    pairs.push(PreferencePair { chosen, rejected, margin: 0.0, group });
                }
            }
        }
    }
    Ok(pairs)
}
