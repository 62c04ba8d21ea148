//! Calls as what a reward model reads, and pairs of them out of a run.

use toolformer_text::Syntax;

use super::{Conversation, PreferencePair};
use crate::{
    by_text::ByText,
    candidate::{Candidate, name_and_args},
    error::TrainError,
    texts::Text,
};

/// A call where it stands: the text up to it, and the call without a result. None if it is no call.
pub fn call_in_place(text: &str, candidate: &Candidate, syntax: &Syntax) -> Option<Conversation> {
    let before = text.get(..candidate.position)?;
    let (name, args) = name_and_args(&candidate.call)?;
    Some(Conversation {
        answer: format!("{}{}", before.trim_end(), syntax.call(name, args)),
        ..Conversation::default()
    })
}

/// Pairs out of the verdicts of a filter: a call that it kept is better than one that it did not, or that could not be
/// executed, at the same place of the same text. Each kept call is paired with each of the others. All pairs of a text are held
/// out together. Texts and candidates come in the same order.
///
/// # Errors
/// Those of either side; if candidates were not filtered, or belong to other texts.
pub fn pairs_of_calls(
    texts: impl Iterator<Item = Result<Text, TrainError>>,
    candidates: impl Iterator<Item = Result<Candidate, TrainError>>,
    syntax: &Syntax,
) -> Result<Vec<PreferencePair>, TrainError> {
    let mut pairs = Vec::new();
    for joined in ByText::new(texts, candidates) {
        let (text, own) = joined?;
        if let Some(Candidate { text_id, .. }) = own.iter().find(|candidate| candidate.kept.is_none()) {
            let why = "was not filtered; run `filter` on the file first".to_owned();
            return Err(TrainError::Candidate { text_id: text_id.clone(), why });
        }
        for kept in own.iter().filter(|candidate| candidate.kept == Some(true)) {
            let same_place =
                |other: &&Candidate| other.kept == Some(false) && other.position == kept.position;
            for other in own.iter().filter(same_place).filter(|other| other.call != kept.call) {
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
