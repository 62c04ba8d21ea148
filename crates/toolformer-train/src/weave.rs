//! Weaving kept calls into their texts: `x* = x_{<i}, e(c, r), x_{>=i}` (section 2), several per text.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use toolformer_text::Syntax;

use crate::{
    candidate::Candidate,
    error::TrainError,
    texts::{Text, TextId},
};

/// A text with its kept calls: one line of `train.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Woven {
    /// The text that it was.
    pub text_id: TextId,
    /// The text with its calls.
    pub text: String,
    /// The calls.
    pub calls: Vec<WovenCall>,
}

/// A call in a woven text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WovenCall {
    /// Byte span in the woven text, from `[` to after `]`.
    pub span: [usize; 2],
    /// The tool.
    pub tool: String,
    /// The inner text of the call.
    pub call: String,
    /// Its result.
    pub result: String,
    /// `L- - L+`, in nats.
    pub delta: f64,
}

/// Weaves the kept candidates into their texts; texts without one are left out, as in the paper.
///
/// At each position the candidate with the greatest `delta` is taken, and of one call at several positions the
/// place with the greatest: woven twice, the second would add nothing to the first.
///
/// # Errors
/// If a kept candidate names a text that is not there or a place outside it.
pub fn weave(texts: &[Text], candidates: &[Candidate], syntax: &Syntax) -> Result<Vec<Woven>, TrainError> {
    weave_at_most(texts, candidates, syntax, &BTreeMap::new())
}

/// As [`weave`], with at most so many calls to the tools that `most` names: over all texts, those with the greatest
/// `delta`.
///
/// # Errors
/// As [`weave`].
pub fn weave_at_most(
    texts: &[Text],
    candidates: &[Candidate],
    syntax: &Syntax,
    most: &BTreeMap<String, usize>,
) -> Result<Vec<Woven>, TrainError> {
    let mut kept: HashMap<&TextId, Vec<&Candidate>> = HashMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.kept == Some(true)) {
        kept.entry(&candidate.text_id).or_default().push(candidate);
    }
    let mut chosen: Vec<(&Text, Vec<&Candidate>)> =
        texts.iter().filter_map(|text| Some((text, choose(kept.remove(&text.id)?)))).collect();
    if let Some(id) = kept.into_keys().next() {
        return Err(TrainError::Candidate {
            text_id: id.clone(),
            why: "names a text that is not among the texts; give the file that the candidates were made from"
                .into(),
        });
    }
    most.iter().for_each(|(tool, &most)| keep_best(&mut chosen, tool, most));
    let woven = chosen.into_iter().filter(|(_, calls)| !calls.is_empty());
    woven.map(|(text, calls)| weave_text(text, calls, syntax)).collect()
}

fn delta(candidate: &Candidate) -> f64 {
    candidate.delta.unwrap_or(f64::NEG_INFINITY)
}

/// Drops all but the best calls to a tool; of equals the first in the texts stay.
fn keep_best(chosen: &mut [(&Text, Vec<&Candidate>)], tool: &str, most: usize) {
    let calls =
        chosen.iter().enumerate().flat_map(|(text, (_, calls))| calls.iter().map(move |&call| (text, call)));
    let mut ranked: Vec<(usize, &Candidate)> = calls.filter(|(_, call)| call.tool == tool).collect();
    // Stable: what is equal stays in the order of the texts.
    ranked.sort_by(|(_, a), (_, b)| delta(b).total_cmp(&delta(a)));
    for (text, dropped) in ranked.into_iter().skip(most) {
        chosen[text].1.retain(|call| !std::ptr::eq(*call, dropped));
    }
}

/// The calls of a text that are woven into it, in order of their places.
fn choose(mut candidates: Vec<&Candidate>) -> Vec<&Candidate> {
    // Best first; among equals the earlier place, so that the order of the input does not matter.
    candidates.sort_by(|a, b| {
        delta(b).total_cmp(&delta(a)).then(a.position.cmp(&b.position)).then(a.call.cmp(&b.call))
    });
    let mut chosen: Vec<&Candidate> = Vec::new();
    for candidate in candidates {
        if !chosen.iter().any(|other| other.position == candidate.position || other.call == candidate.call) {
            chosen.push(candidate);
        }
    }
    chosen.sort_by_key(|candidate| candidate.position);
    chosen
}

fn weave_text(text: &Text, chosen: Vec<&Candidate>, syntax: &Syntax) -> Result<Woven, TrainError> {
    let wrong = |why: String| TrainError::Candidate { text_id: text.id.clone(), why };
    let mut out = String::new();
    let mut calls = Vec::new();
    let mut from = 0;
    for candidate in chosen {
        let Some(between) = text.text.get(from..candidate.position) else {
            return Err(wrong(format!(
                "has a call at byte {}, which is no place in its text",
                candidate.position
            )));
        };
        let (Some((name, args)), Some(result)) = (candidate.name_and_args(), &candidate.result) else {
            return Err(wrong("is kept but holds no call with a result".into()));
        };
        from = candidate.position;
        out.push_str(between);
        let call = syntax.call_with_result(name, args, result);
        // The span is that of the call itself, which starts behind the marker's space.
        let start = out.len() + call.len() - call.trim_start().len();
        out.push_str(&call);
        calls.push(WovenCall {
            span: [start, out.len()],
            tool: candidate.tool.clone(),
            call: candidate.call.clone(),
            result: result.clone(),
            delta: delta(candidate),
        });
    }
    out.push_str(&text.text[from..]);
    Ok(Woven { text_id: text.id.clone(), text: out, calls })
}
