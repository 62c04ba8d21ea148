//! Which of a text's kept calls are woven, where they get into each other's way.

use toolformer_filter::LossWeights;

use crate::candidate::Candidate;

/// `L- - L+` of a candidate.
pub(super) fn delta(candidate: &Candidate) -> f64 {
    candidate.delta.unwrap_or(f64::NEG_INFINITY)
}

/// The calls of one text that are woven into it, in order of their places; see [`weave`](crate::weave) for the rule.
pub(super) fn choose(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    // Best first; among equals the earlier place, so that the order of the input does not matter.
    candidates.sort_by(|a, b| {
        delta(b)
            .total_cmp(&delta(a))
            .then(a.position.cmp(&b.position))
            .then_with(|| a.call.cmp(&b.call))
            .then_with(|| a.tool.cmp(&b.tool))
    });
    let window = LossWeights::paper().window();
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let is_in_the_way = |other: &Candidate| {
            let apart = other.token_position.abs_diff(candidate.token_position);
            other.position == candidate.position
                || other.call == candidate.call
                || (other.result == candidate.result && apart < window)
        };
        if !chosen.iter().any(is_in_the_way) {
            chosen.push(candidate);
        }
    }
    chosen.sort_by_key(|candidate| candidate.position);
    chosen
}
