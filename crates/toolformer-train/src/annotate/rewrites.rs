//! Texts that the model writes again with calls in them, as toolformer-pytorch draws them
//! (`generate_data_with_api_calls`).
//!
//! A text and the prompt are read once for all its rewrites, and rewrites are one row of the batch for as long as they agree,
//! which copies mostly do. One that departs from its text is given up at that token: it would be rejected in any case.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use toolformer_decode::{
    ContinuationSettings, Judgement, Place, Rows, Sampling, draw_rng, sample_continuations_each,
};
use toolformer_model::{CausalLm, Prefix, TokenBatch};

use super::{Annotated, Annotator};
use crate::{
    annotate_settings::CallSource,
    candidate::{Candidate, Status},
    copy_alignment::{CopyAlignment, Copying, Departure, InsertedCall, align_copy},
    error::TrainError,
    tokenized::Tokenized,
};

/// What a rewrite says that is to be known: a call of a copy, or how it is none.
struct Found {
    /// The byte of the text, and the token that starts there or, where none does, the next.
    place: (usize, usize),
    call: String,
    status: Status,
}

impl<B: Backend, M: CausalLm<B>> Annotator<'_, B, M> {
    /// The calls of `m` rewrites of each text.
    pub(super) fn rewrites(&self, texts: &[&Tokenized<'_>]) -> Result<Annotated, TrainError> {
        // x and the prompt's tail, but for its last token, which every rewrite begins behind.
        let Some((last, tail)) = self.tail.split_last() else { return Ok(Annotated::default()) };
        let rows: Vec<Vec<u32>> =
            texts.iter().map(|text| text.ids.iter().chain(tail).copied().collect()).collect();
        let mut batch = self.on_head(&rows);
        let _ = batch.feed(&TokenBatch::new(&rows));
        let mut computed = batch.computed();
        let prefix = Arc::new(batch.freeze());

        let place = |(group, text): (usize, &&Tokenized<'_>)| {
            let id = text.text.id.to_string();
            let draw = |sample: usize| {
                draw_rng(self.settings.seed, &[&id, &self.tool, "rewrite", &sample.to_string()])
            };
            Place { group, visible: rows[group].len(), draws: (0..self.settings.m).map(draw).collect() }
        };
        let most: Vec<usize> = texts.iter().map(|text| self.most_tokens(text)).collect();
        let settings = ContinuationSettings {
            begin_with: &[*last],
            sampling: Sampling::at_temperature(self.settings.temperature),
            max_tokens: most.iter().copied().max().unwrap_or(0),
            constraint: None,
        };
        let judge_of = |place: usize| {
            let mut copy =
                CopyAlignment::new(&texts[place].text.text, self.syntax, self.settings.max_call_tokens);
            let mut left = most[place];
            move |token: &[u8]| {
                left = left.saturating_sub(1);
                match copy.push(token) {
                    Copying::Complete => Judgement::Complete,
                    Copying::GoesOn if left > 0 => Judgement::GoOn,
                    Copying::GoesOn | Copying::Departed => Judgement::Hopeless,
                }
            }
        };
        let places = texts.iter().enumerate().map(place).collect();
        let sampled =
            sample_continuations_each(self.model, self.tokenizer, &prefix, places, settings, judge_of);
        computed += sampled.computed;

        let found: Vec<Vec<Found>> = texts
            .iter()
            .zip(&sampled.samples)
            .map(|(text, samples)| samples.iter().flat_map(|sample| self.read(text, &sample.text)).collect())
            .collect();
        let (p_start, more) = self.p_start_of_rewritten(texts, &found, *last, &prefix)?;
        computed += more;
        let mut annotated = Annotated { computed, ..Annotated::default() };
        for ((text, mut found), p_start) in texts.iter().zip(found).zip(p_start) {
            // Stable: at one place the samples keep their order.
            found.sort_by_key(|found| found.place);
            for here in found.chunk_by(|a, b| a.place == b.place) {
                let candidate = |found: &Found| {
                    let i = found.place.1.min(p_start.len() - 1);
                    self.candidate(text, found.place, p_start[i], found.call.clone(), found.status)
                };
                let mut here: Vec<Candidate> = here.iter().map(candidate).collect();
                self.settle(text, &mut here);
                annotated.positions += 1;
                annotated.candidates.extend(here);
            }
        }
        Ok(annotated)
    }

    /// Most tokens of a rewrite: the text, which may come out in more tokens than it has, and `k` calls; no more than the context
    /// has room for.
    fn most_tokens(&self, text: &Tokenized<'_>) -> usize {
        let len = text.ids.len();
        let wanted = len + len / 4 + 8 + self.settings.k.saturating_mul(self.tokens_of_call());
        wanted.min(self.model.max_positions() - (self.tokens_of(text) - len))
    }

    /// What a rewrite says.
    fn read(&self, text: &Tokenized<'_>, rewrite: &str) -> Vec<Found> {
        match align_copy(&text.text.text, rewrite, self.syntax) {
            Ok(calls) => {
                let most = if self.settings.source == CallSource::FirstCalls { 1 } else { usize::MAX };
                calls.into_iter().take(most).map(|call| self.inserted(text, call)).collect()
            }
            Err(departure) => vec![self.departed(text, rewrite, departure)],
        }
    }

    fn inserted(&self, text: &Tokenized<'_>, call: InsertedCall) -> Found {
        let InsertedCall { position, name, args } = call;
        let token = text.offsets.partition_point(|&start| start < position);
        let status = match self.asked_for(&name) {
            // There is no loss to be taken where no token starts.
            Status::Ok if text.offsets.get(token) != Some(&position) => Status::NoPlace,
            status => status,
        };
        Found { place: (position, token), call: format!("{name}({args})"), status }
    }

    /// A rewrite that is no copy: where it departed, before the token that it did not write, and what it wrote instead.
    fn departed(&self, text: &Tokenized<'_>, rewrite: &str, departure: Departure) -> Found {
        let instead = &rewrite[departure.written..];
        let token = text.offsets.partition_point(|&start| start <= departure.copied).saturating_sub(1);
        let bracket = self.syntax.bare_open();
        let is_call = |written: &str| written.trim_start().starts_with(bracket);
        let status = if is_call(instead) && !is_call(&text.text.text[departure.copied..]) {
            Status::Unparsable
        } else {
            Status::Altered
        };
        Found { place: (text.offsets[token], token), call: instead.to_owned(), status }
    }

    /// `p_i` of the texts that something was found for, from one pass over them, and the tokens computed. Nothing for the others.
    fn p_start_of_rewritten(
        &self,
        texts: &[&Tokenized<'_>],
        found: &[Vec<Found>],
        last: u32,
        prefix: &Arc<Prefix<B>>,
    ) -> Result<(Vec<Vec<f64>>, usize), TrainError> {
        let with_found: Vec<usize> = (0..texts.len()).filter(|&row| !found[row].is_empty()).collect();
        let mut all = vec![Vec::new(); texts.len()];
        if with_found.is_empty() {
            return Ok((all, 0));
        }
        let some: Vec<&Tokenized<'_>> = with_found.iter().map(|&row| texts[row]).collect();
        let rows: Vec<Vec<u32>> = some
            .iter()
            .map(|text| std::iter::once(last).chain(text.ids[..text.ids.len() - 1].iter().copied()).collect())
            .collect();
        let visible = some.iter().map(|text| text.ids.len() + self.tail.len() - 1).collect();
        let capacity = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut batch = Rows::on_prefix(self.model, prefix, with_found.clone(), visible, capacity);
        let hidden = batch.feed(&TokenBatch::new(&rows));
        let computed = batch.computed();
        let again = Arc::new(batch.freeze());
        let (p, more) = self.p_start(&some, &vec![0; some.len()], hidden, &again)?;
        for (row, p) in with_found.into_iter().zip(p) {
            all[row] = p;
        }
        Ok((all, computed + more))
    }
}
