//! Weaving kept calls into their texts: `x* = x_{<i}, e(c, r), x_{>=i}` (section 2), several per text.

mod choice;
mod kept;
mod plan;
mod rank;
mod sequential_sample;
mod settings;
mod weaver;
mod woven;

use std::collections::HashMap;

use toolformer_text::Syntax;

pub(crate) use self::settings::{check_max_examples, check_plain_ratio};
pub use self::{
    plan::WeavePlan,
    settings::WeaveSettings,
    weaver::Weaver,
    woven::{Woven, WovenCall, write_woven},
};
use crate::{
    candidate::Candidate,
    error::TrainError,
    texts::{Text, TextId},
};

/// Weaves the kept candidates into their texts; texts without one are left out, as in the paper.
///
/// Of the calls of one text, the best first, where better is a greater `L- - L+`:
/// - at each place one, whatever tools ask for it, since the gain of each was measured without the other;
/// - the same call once: with its result in the text, it tells nothing new;
/// - of two calls with the same result, the second where their places are at least five tokens apart. Closer ones are
///   judged on the same tokens, those with `w_t > 0` (section 4.1), which the first has told of already.
///
/// The order of the candidates does not matter. For texts and candidates that are not all in memory, and are in order, see
/// [`Weaver`].
///
/// # Errors
/// If a kept candidate names a text that is not there or a place outside it.
pub fn weave(texts: &[Text], candidates: &[Candidate], syntax: &Syntax) -> Result<Vec<Woven>, TrainError> {
    weave_with(texts, candidates, syntax, &WeaveSettings::default())
}

/// As [`weave`], with limits to the calls of single tools, or with texts that have no call.
///
/// # Errors
/// As [`weave`], and if a setting is out of range.
pub fn weave_with(
    texts: &[Text],
    candidates: &[Candidate],
    syntax: &Syntax,
    settings: &WeaveSettings,
) -> Result<Vec<Woven>, TrainError> {
    let number: HashMap<&TextId, usize> =
        texts.iter().enumerate().map(|(number, text)| (&text.id, number)).collect();
    let mut candidates: Vec<&Candidate> = candidates.iter().collect();
    candidates.sort_by_key(|candidate| number.get(&candidate.text_id).copied().unwrap_or(usize::MAX));
    let texts = || texts.iter().cloned().map(Ok);
    let candidates = || candidates.iter().copied().cloned().map(Ok);
    let plan = WeavePlan::new(settings, || Ok((texts(), candidates())))?;
    Weaver::new(texts(), candidates(), syntax, plan).collect()
}
