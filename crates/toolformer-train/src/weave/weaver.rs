//! Texts in, woven texts out, one after the other.

use toolformer_text::Syntax;

use super::{
    choice::{choose, delta},
    kept::{WithKept, with_kept},
    plan::WeavePlan,
    woven::{Woven, WovenCall},
};
use crate::{candidate::Candidate, error::TrainError, texts::Text};

/// Weaves a stream of candidates into a stream of texts, in memory that does not grow with either.
///
/// Candidates have to be in the order of the texts, as annotating and filtering write them. Those that were not kept are
/// passed over. The calls are those of [`weave`](crate::weave).
pub struct Weaver<'s, T, C: Iterator> {
    joined: WithKept<T, C>,
    syntax: &'s Syntax,
    plan: WeavePlan,
    /// Texts read.
    texts: u64,
    is_over: bool,
}

impl<'s, T, C> Weaver<'s, T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    /// The plan is one that was made from the same texts and candidates.
    pub fn new(texts: T, candidates: C, syntax: &'s Syntax, plan: WeavePlan) -> Self {
        Self { joined: with_kept(texts, candidates), syntax, plan, texts: 0, is_over: false }
    }

    fn read(&mut self) -> Result<Option<Woven>, TrainError> {
        for joined in self.joined.by_ref() {
            let (text, candidates) = joined?;
            let number = self.texts;
            self.texts += 1;
            if candidates.is_empty() {
                if self.plan.takes_next_plain() {
                    return Ok(Some(Woven { text_id: text.id, text: text.text, calls: Vec::new() }));
                }
                continue;
            }
            let mut calls = choose(candidates);
            calls.retain(|call| self.plan.lets_through(call, number));
            if !calls.is_empty() {
                return weave_text(&text, &calls, self.syntax).map(Some);
            }
        }
        match self.plan.missing() {
            0 => Ok(None),
            missing => Err(TrainError::TextsChanged { missing }),
        }
    }
}

impl<T, C> Iterator for Weaver<'_, T, C>
where
    T: Iterator<Item = Result<Text, TrainError>>,
    C: Iterator<Item = Result<Candidate, TrainError>>,
{
    /// Errors: a stream fails, a kept candidate names a text that is not there or comes too late, or a place outside its
    /// text, or there are fewer texts than when the plan was made.
    type Item = Result<Woven, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

fn weave_text(text: &Text, chosen: &[Candidate], syntax: &Syntax) -> Result<Woven, TrainError> {
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
            response: [out.len() - syntax.response(result).len(), out.len()],
            tool: candidate.tool.clone(),
            call: candidate.call.clone(),
            result: result.clone(),
            delta: delta(candidate),
        });
    }
    out.push_str(&text.text[from..]);
    Ok(Woven { text_id: text.id.clone(), text: out, calls })
}
