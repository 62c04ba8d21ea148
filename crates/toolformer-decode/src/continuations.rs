//! Many sampled continuations of places in shared prefixes, with no beginning computed twice.
//!
//! Samples of one place that have drawn the same tokens so far are one row of the batch; it forks where they
//! first differ. Every sample draws from its own generator, so which samples share a row changes nothing.

use std::{collections::BTreeMap, sync::Arc};

use burn::tensor::backend::Backend;
use rand_chacha::ChaCha8Rng;
use toolformer_model::{CausalLm, Prefix, TokenBatch, Tokenizer};

use crate::{
    call_constraint::{CallConstraint, ConstrainedCall},
    rows::Rows,
    sampling::Sampling,
};

/// A place to go on from, and one generator for each sample wanted there.
pub struct Place {
    /// Group of the prefix.
    pub group: usize,
    /// How many of the group's tokens come before the place.
    pub visible: usize,
    /// A generator per sample.
    pub draws: Vec<ChaCha8Rng>,
}

/// What a continuation's text means for its sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Sample on.
    GoOn,
    /// It is complete.
    Complete,
    /// Nothing that could follow would make it useful.
    Hopeless,
}

/// Why a continuation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was judged complete.
    Complete,
    /// It was judged hopeless.
    Hopeless,
    /// It reached the maximum of tokens.
    Length,
    /// The model ended the text.
    Eos,
}

/// A sampled continuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// Its text, without the tokens it was begun with.
    pub text: String,
    /// Why it ended.
    pub ending: Ending,
}

/// The settings of [`sample_continuations`].
#[derive(Clone, Copy, Debug)]
pub struct ContinuationSettings<'a> {
    /// Fed at every place before the first draw, such as the tokens of `" ["`; at least one.
    pub begin_with: &'a [u32],
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Most tokens drawn for a sample.
    pub max_tokens: usize,
    /// Lets only tokens be drawn that continue a call, which `begin_with` has opened. A sample of which no call can
    /// become any more ends as hopeless.
    pub constraint: Option<&'a CallConstraint>,
}

/// What [`sample_continuations`] returns.
#[derive(Clone, Debug)]
pub struct Continuations {
    /// Per place, per draw.
    pub samples: Vec<Vec<Continuation>>,
    /// Tokens that went through the model.
    pub computed: usize,
}

/// One row of the batch: the samples that agree so far.
struct Shared<J> {
    place: usize,
    samples: Vec<usize>,
    bytes: Vec<u8>,
    next: Vec<u32>,
    judge: J,
    call: Option<ConstrainedCall>,
}

/// Samples `place.draws.len()` continuations at every place.
///
/// `judge` sees the bytes of a continuation, token by token, and is cloned where samples part.
///
/// # Panics
/// If a place names tokens that the prefix does not have.
pub fn sample_continuations<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prefix: &Arc<Prefix<B>>,
    places: Vec<Place>,
    settings: ContinuationSettings<'_>,
    judge: impl FnMut(&[u8]) -> Judgement + Clone,
) -> Continuations {
    sample_continuations_each(model, tokenizer, prefix, places, settings, |_| judge.clone())
}

/// As [`sample_continuations`], with a judge for each place: `judge_of` gives it for the number of the place.
///
/// # Panics
/// If a place names tokens that the prefix does not have.
pub fn sample_continuations_each<B: Backend, M: CausalLm<B>, J: FnMut(&[u8]) -> Judgement + Clone>(
    model: &M,
    tokenizer: &Tokenizer,
    prefix: &Arc<Prefix<B>>,
    mut places: Vec<Place>,
    settings: ContinuationSettings<'_>,
    judge_of: impl Fn(usize) -> J,
) -> Continuations {
    let unfinished = || Continuation { text: String::new(), ending: Ending::Length };
    let mut samples: Vec<Vec<Continuation>> =
        places.iter().map(|place| vec![unfinished(); place.draws.len()]).collect();
    let mut live: Vec<Shared<J>> = (0..places.len())
        .filter(|&place| !places[place].draws.is_empty())
        .map(|place| Shared {
            place,
            samples: (0..places[place].draws.len()).collect(),
            bytes: Vec::new(),
            next: settings.begin_with.to_vec(),
            judge: judge_of(place),
            call: settings.constraint.and_then(|constraint| constraint.begin(&[])),
        })
        .collect();
    if live.is_empty() || settings.max_tokens == 0 {
        return Continuations { samples, computed: 0 };
    }
    let groups = live.iter().map(|row| places[row.place].group).collect();
    let visible = live.iter().map(|row| places[row.place].visible).collect();
    let mut rows = Rows::on_prefix(model, prefix, groups, visible, 8);
    for _ in 0..settings.max_tokens {
        let next: Vec<&[u32]> = live.iter().map(|row| row.next.as_slice()).collect();
        let mut logits = rows.next_logits(&TokenBatch::new(&next));
        let mut children = Vec::new();
        let mut parents = Vec::new();
        for (parent, (row, logits)) in live.iter().zip(&mut logits).enumerate() {
            if row.call.as_ref().is_some_and(|call| !call.mask(logits)) {
                row.samples.iter().for_each(|&sample| samples[row.place][sample].ending = Ending::Hopeless);
                continue;
            }
            let mut by_token: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for &sample in &row.samples {
                let token = settings.sampling.pick(logits, &mut places[row.place].draws[sample]);
                by_token.entry(token).or_default().push(sample);
            }
            for (token, agreeing) in by_token {
                let eos = tokenizer.is_end(token);
                let added = if eos { Vec::new() } else { tokenizer.token_bytes(token) };
                let (mut bytes, mut judge, mut call) =
                    (row.bytes.clone(), row.judge.clone(), row.call.clone());
                if let Some(call) = &mut call {
                    call.push(token);
                }
                bytes.extend_from_slice(&added);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let ending = match judge(&added) {
                    _ if eos => Some(Ending::Eos),
                    Judgement::GoOn => None,
                    Judgement::Complete => Some(Ending::Complete),
                    Judgement::Hopeless => Some(Ending::Hopeless),
                };
                for &sample in &agreeing {
                    let ending = ending.unwrap_or(Ending::Length);
                    samples[row.place][sample] = Continuation { text: text.clone(), ending };
                }
                if ending.is_none() {
                    parents.push(parent);
                    let next = vec![token];
                    children.push(Shared { place: row.place, samples: agreeing, bytes, next, judge, call });
                }
            }
        }
        if children.is_empty() {
            break;
        }
        rows.select(&parents);
        live = children;
    }
    Continuations { samples, computed: rows.computed() }
}
