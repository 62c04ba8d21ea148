//! Samples at the positions where a call is likely to start, as the paper draws them (section 2, "Sampling API Calls").
//!
//! One pass over `P(x) + x` gives `p_i` at every position, and its cache is what all samples go on from: nothing
//! is copied and no prefix is computed again.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_decode::{
    CallWatch, Continuation, ContinuationSettings, Ending, Judgement, Place, Sampling, draw_rng,
    sample_continuations,
};
use toolformer_model::{CausalLm, TokenBatch};
use toolformer_text::{Progress, StreamEvent};

use super::{Annotated, Annotator};
use crate::{
    candidate::{Candidate, Status},
    error::TrainError,
    tokenized::Tokenized,
};

impl<B: Backend, M: CausalLm<B>> Annotator<'_, B, M> {
    /// Up to `m` calls at each of the top `k` positions.
    pub(super) fn at_positions(&self, texts: &[&Tokenized<'_>]) -> Result<Annotated, TrainError> {
        // x, the prompt's tail, and x again without its last token, which predicts nothing of x.
        let rows: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| {
                let again = &text.ids[..text.ids.len() - 1];
                text.ids.iter().chain(&self.tail).chain(again).copied().collect()
            })
            .collect();
        let mut batch = self.on_head(&rows);
        let hidden = batch.feed(&TokenBatch::new(&rows));
        let mut computed = batch.computed();
        let prefix = Arc::new(batch.freeze());
        // Number of the unit's tokens of a text that come before the one that predicts x_0.
        let behind: Vec<usize> = texts.iter().map(|text| text.ids.len() + self.tail.len() - 1).collect();
        let (p_start, more) = self.p_start(texts, &behind, hidden, &prefix)?;
        computed += more;

        let mut places = Vec::new();
        let mut chosen = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            for i in top_positions(&p_start[row], self.settings.tau_s, self.settings.k) {
                let draw = |sample: usize| {
                    let key = [&text.text.id.to_string(), &self.tool, &i.to_string(), &sample.to_string()];
                    draw_rng(self.settings.seed, &key.map(String::as_str))
                };
                let draws = (0..self.settings.m).map(draw).collect();
                places.push(Place { group: row, visible: behind[row] + 1 + i, draws });
                chosen.push((row, i));
            }
        }
        let settings = ContinuationSettings {
            begin_with: self.marker.ids(),
            sampling: Sampling::at_temperature(self.settings.temperature),
            max_tokens: self.settings.max_call_tokens,
            constraint: self.constraint.as_ref(),
        };
        let mut watch = CallWatch::new(self.syntax, 0);
        watch.push(self.syntax.bare_open().as_bytes());
        let judge = move |bytes: &[u8]| match watch.push(bytes).first() {
            None => Judgement::GoOn,
            Some(StreamEvent::AwaitsResult { .. } | StreamEvent::Call { .. }) => Judgement::Complete,
            Some(_) => Judgement::Hopeless,
        };
        let sampled = sample_continuations(self.model, self.tokenizer, &prefix, places, settings, judge);
        computed += sampled.computed;
        let mut candidates = Vec::new();
        for ((row, i), samples) in chosen.iter().zip(&sampled.samples) {
            let (text, p_start) = (texts[*row], p_start[*row][*i]);
            let mut here: Vec<Candidate> =
                samples.iter().map(|sample| self.sampled(text, *i, p_start, sample)).collect();
            self.settle(text, &mut here);
            candidates.extend(here);
        }
        Ok(Annotated { candidates, positions: chosen.len(), computed })
    }

    fn sampled(&self, text: &Tokenized<'_>, i: usize, p_start: f64, sample: &Continuation) -> Candidate {
        let call = match (
            sample.ending,
            self.syntax.progress(&format!("{}{}", self.syntax.bare_open(), sample.text)),
        ) {
            (Ending::Complete, Progress::AwaitsResult { name, args, .. }) => Some((name, args)),
            (Ending::Complete, Progress::Closed { call, .. }) => Some((call.name, call.args)),
            _ => None,
        };
        let (call, status) = match call {
            None => (sample.text.clone(), Status::Unparsable),
            Some((name, args)) => (format!("{name}({args})"), self.asked_for(&name)),
        };
        self.candidate(text, (text.offsets[i], i), p_start, call, status)
    }
}

/// `I = {i : p_i > tau_s}`, cut to the `k` with the greatest `p_i` (of equals the first), in order of `i`.
fn top_positions(p_start: &[f64], tau_s: f64, k: usize) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..p_start.len()).filter(|&i| p_start[i] > tau_s).collect();
    positions.sort_by(|&a, &b| p_start[b].total_cmp(&p_start[a]).then(a.cmp(&b)));
    positions.truncate(k);
    positions.sort_unstable();
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(p: &[f64], tau_s: f64, k: usize, expected: &[usize]) {
        assert_eq!(top_positions(p, tau_s, k), expected);
    }

    #[test]
    fn positions_are_above_tau_s_and_at_most_k() {
        check(&[0.1, 0.05, 0.3, 0.06], 0.05, 5, &[0, 2, 3]);
        check(&[0.1, 0.05, 0.3, 0.06], 0.05, 2, &[0, 2]);
        check(&[0.2, 0.2, 0.2], 0.0, 2, &[0, 1]);
        check(&[0.0, 0.0], 0.0, 2, &[]);
    }
}
