//! Sampling calls (section 2, "Sampling API Calls").
//!
//! One pass over `P(x) + x` gives `p_i` at every position, and its cache is what all samples go on from: nothing
//! is copied and no prefix is computed again. The few-shot part of the prompt is computed once for the corpus.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use toolformer_decode::{
    CallConstraint, CallWatch, Continuation, ContinuationSettings, Ending, Judgement, Place, Rows, Sampling,
    StartMarker, draw_rng, sample_continuations,
};
use toolformer_model::{CausalLm, Prefix, TokenBatch, Tokenizer, check_ids, check_numbers, log_probs};
use toolformer_text::{CallEnds, Progress, Registry, StreamEvent, Syntax};

use crate::{
    annotate_settings::{AnnotateSettings, CallSampling},
    candidate::{Candidate, Status},
    error::TrainError,
    few_shot_prompt::FewShotPrompt,
    look_ahead::looks_ahead,
    tokenized::Tokenized,
};

/// Candidates of a unit of texts, and the tokens that they cost.
#[derive(Clone, Debug, Default)]
pub struct Annotated {
    /// The candidates, by text, position and sample.
    pub candidates: Vec<Candidate>,
    /// Positions that were sampled at.
    pub positions: usize,
    /// Tokens that went through the model.
    pub computed: usize,
}

/// Samples calls to one tool.
pub struct Annotator<'m, B: Backend, M> {
    model: &'m M,
    tokenizer: &'m Tokenizer,
    syntax: &'m Syntax,
    tool: String,
    marker: StartMarker,
    head: Arc<Prefix<B>>,
    head_len: usize,
    tail: Vec<u32>,
    constraint: Option<CallConstraint>,
    settings: AnnotateSettings,
}

impl<'m, B: Backend, M: CausalLm<B>> Annotator<'m, B, M> {
    /// Computes the few-shot part of the prompt once.
    ///
    /// # Errors
    /// If a setting is out of range, the tool is not in the registry or its argument grammar cannot be used, the tokenizer
    /// fails, or the prompt has an id that the model has not.
    pub fn new(
        model: &'m M,
        tokenizer: &'m Tokenizer,
        syntax: &'m Syntax,
        registry: &'m Registry,
        tool: &str,
        prompt: &FewShotPrompt,
        settings: AnnotateSettings,
    ) -> Result<Self, TrainError> {
        settings.validate()?;
        let Some(called) = registry.get(tool) else {
            return Err(TrainError::Setting { name: "tool", why: format!("no tool is named {tool}") });
        };
        let constraint = match settings.sampling {
            CallSampling::Free => None,
            CallSampling::Constrained => {
                Some(CallConstraint::new(tokenizer, [called], syntax, CallEnds::Either)?)
            }
        };
        let marker = StartMarker::new(tokenizer, syntax.open())?;
        let mut head = tokenizer.encode_with_special(prompt.head())?;
        if head.is_empty() {
            // A prompt that begins with the text still needs a token to predict the first one from.
            head.extend(tokenizer.bos().or(tokenizer.eos()));
        }
        if head.is_empty() {
            return Err(TrainError::Prompt { slots: 1 });
        }
        let tail = tokenizer.encode_continuation(prompt.tail())?;
        for ids in [marker.ids(), &head, &tail] {
            check_ids(ids, model.vocab_size(), Some(tokenizer))?;
        }
        let mut rows = Rows::new(model, 1, head.len());
        let _ = rows.feed(&TokenBatch::new(&[&head]));
        Ok(Self {
            model,
            tokenizer,
            syntax,
            tool: tool.to_owned(),
            marker,
            head: Arc::new(rows.freeze()),
            head_len: head.len(),
            tail,
            constraint,
            settings,
        })
    }

    /// Samples calls for texts that go through the model together; [`execute`](crate::execute) runs them.
    ///
    /// Texts too long for the model's context get no candidate; see [`Annotator::fits`].
    ///
    /// # Errors
    /// If a text has an id that the model has not.
    pub fn annotate(&self, texts: &[Tokenized<'_>]) -> Result<Annotated, TrainError> {
        let texts: Vec<&Tokenized<'_>> =
            texts.iter().filter(|text| !text.ids.is_empty() && self.fits(text)).collect();
        if texts.is_empty() {
            return Ok(Annotated::default());
        }
        for text in &texts {
            text.check(self.model.vocab_size(), self.tokenizer)?;
        }
        // x, the prompt's tail, and x again without its last token, which predicts nothing of x.
        let rows: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| {
                let again = &text.ids[..text.ids.len() - 1];
                text.ids.iter().chain(&self.tail).chain(again).copied().collect()
            })
            .collect();
        let visible = vec![self.head_len; texts.len()];
        let capacity = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut batch = Rows::on_prefix(self.model, &self.head, vec![0; texts.len()], visible, capacity);
        let hidden = batch.feed(&TokenBatch::new(&rows));
        let mut computed = batch.computed();
        let prefix = Arc::new(batch.freeze());
        // Number of the unit's tokens of a text that come before x_0 stands again.
        let before: Vec<usize> = texts.iter().map(|text| text.ids.len() + self.tail.len()).collect();
        let (p_start, more) = self.p_start(&texts, &before, hidden, &prefix);
        computed += more;
        check_numbers(p_start.iter().flatten().copied())?;

        let mut places = Vec::new();
        let mut chosen = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            for i in top_positions(&p_start[row], self.settings.tau_s, self.settings.k) {
                let draw = |sample: usize| {
                    let key = [&text.text.id.to_string(), &self.tool, &i.to_string(), &sample.to_string()];
                    draw_rng(self.settings.seed, &key.map(String::as_str))
                };
                let draws = (0..self.settings.m).map(draw).collect();
                places.push(Place { group: row, visible: before[row] + i, draws });
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
            let mut calls: Vec<String> = Vec::new();
            for sample in samples {
                let mut candidate = self.candidate(texts[*row], *i, p_start[*row][*i], sample);
                if candidate.status == Status::Ok {
                    let looks_ahead =
                        || looks_ahead(&candidate.call, &texts[*row].text.text, candidate.position);
                    if calls.contains(&candidate.call) {
                        candidate.status = Status::Duplicate;
                    } else if self.settings.no_look_ahead && looks_ahead() {
                        candidate.status = Status::LooksAhead;
                    } else {
                        calls.push(candidate.call.clone());
                    }
                }
                candidates.push(candidate);
            }
        }
        Ok(Annotated { candidates, positions: chosen.len(), computed })
    }

    /// The tool, by its name in text.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// Whether a text, twice and with the prompt and a call, fits into the model's context.
    pub fn fits(&self, text: &Tokenized<'_>) -> bool {
        let call = self.marker.ids().len() + self.settings.max_call_tokens;
        self.head_len + self.tail.len() + 2 * text.ids.len() + call <= self.model.max_positions()
    }

    /// `p_i` for every `i` of every text, and the tokens computed for it beyond `hidden`.
    fn p_start(
        &self,
        texts: &[&Tokenized<'_>],
        before: &[usize],
        hidden: Tensor<B, 3>,
        prefix: &Arc<Prefix<B>>,
    ) -> (Vec<Vec<f64>>, usize) {
        let [batch, seq, d_model] = hidden.dims();
        let places: Vec<(usize, usize)> = texts
            .iter()
            .enumerate()
            .flat_map(|(row, text)| (0..text.ids.len()).map(move |i| (row, i)))
            .collect();
        let index: Vec<i32> = places
            .iter()
            .map(|&(row, i)| i32::try_from(row * seq + before[row] + i - 1).unwrap_or(i32::MAX))
            .collect();
        let index = Tensor::from_ints(index.as_slice(), &self.model.device());
        let states = hidden.reshape([batch * seq, d_model]).select(0, index); // [places, d_model]
        let first = vec![self.marker.first(); places.len()];
        let mut log_p = log_probs(self.model, states, &first);
        let mut computed = 0;
        if self.marker.ids().len() > 1 {
            // A marker of several tokens: the product over them, at every place.
            for (chunk, log_p) in places.chunks(64).zip(log_p.chunks_mut(64)) {
                computed += self.multiply_rest(chunk, before, prefix, log_p);
            }
        }
        let mut log_p = log_p.into_iter().map(|log_p| f64::from(log_p).exp());
        (texts.iter().map(|text| log_p.by_ref().take(text.ids.len()).collect()).collect(), computed)
    }

    fn multiply_rest(
        &self,
        places: &[(usize, usize)],
        before: &[usize],
        prefix: &Arc<Prefix<B>>,
        log_p: &mut [f32],
    ) -> usize {
        let ids = self.marker.ids();
        let groups = places.iter().map(|&(row, _)| row).collect();
        let visible = places.iter().map(|&(row, i)| before[row] + i).collect();
        let mut rows = Rows::on_prefix(self.model, prefix, groups, visible, ids.len());
        let hidden = rows.feed(&TokenBatch::new(&vec![&ids[..ids.len() - 1]; places.len()]));
        let [batch, seq, d_model] = hidden.dims();
        let targets = ids[1..].repeat(batch);
        let rest = log_probs(self.model, hidden.reshape([batch * seq, d_model]), &targets); // [places * seq]
        for (log_p, rest) in log_p.iter_mut().zip(rest.chunks(seq)) {
            *log_p += rest.iter().sum::<f32>();
        }
        rows.computed()
    }

    fn candidate(&self, text: &Tokenized<'_>, i: usize, p_start: f64, sample: &Continuation) -> Candidate {
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
            Some((name, args)) if name == self.tool => (format!("{name}({args})"), Status::Ok),
            Some((name, args)) => (format!("{name}({args})"), Status::WrongTool),
        };
        Candidate {
            text_id: text.text.id.clone(),
            tool: self.tool.clone(),
            position: text.offsets[i],
            token_position: i,
            p_start,
            call,
            status,
            result: None,
            losses: None,
            delta: None,
            kept: None,
            reason: None,
        }
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
