//! The next token of a row.

use toolformer_model::{Tokenizer, check_numbers};

use super::{row::Row, stop_strings::find_stop};
use crate::{
    call_watch::CallWatch,
    error::DecodeError,
    generation::{Finish, ToolUse, Tools},
    sampling::{log_softmax, rank},
};

/// A call that waits for its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: usize,
    /// Where its arrow ends.
    pub(super) end: usize,
    pub(super) name: String,
    pub(super) args: String,
}

impl Row<'_> {
    /// Takes the row one token on, by the scores of the model; returns the call that is to be run then.
    pub(super) fn advance(
        &mut self,
        tokenizer: &Tokenizer,
        logits: &mut [f32],
    ) -> Result<Option<Asked>, DecodeError> {
        check_numbers(logits.iter().copied())?;
        let max_tokens = self.job.settings.max_tokens;
        let asked = if self.ids.len() < max_tokens { self.choose(tokenizer, logits) } else { None };
        if asked.is_none() {
            self.end_at_stops(tokenizer);
            self.end_at_length();
            self.end_in_bracket(tokenizer);
        }
        Ok(asked)
    }

    /// Ends the row where it may not be longer.
    pub(super) fn end_at_length(&mut self) {
        if self.finish.is_none() && self.ids.len() >= self.job.settings.max_tokens {
            self.finish = Some(Finish::Length);
        }
    }

    /// Starts a call, or draws a token.
    fn choose(&mut self, tokenizer: &Tokenizer, logits: &mut [f32]) -> Option<Asked> {
        let job = self.job.clone();
        let settings = &job.settings;
        let log_probs = (settings.logprobs.is_some() || settings.samples() > settings.n).then(|| {
            let mut log_probs = logits.to_vec();
            log_softmax(&mut log_probs);
            log_probs
        });
        let (log_probs, top) = (log_probs.as_deref(), settings.logprobs.unwrap_or(0));
        let due = match (self.call_start(), &job.marker) {
            (None, Some(marker)) => marker.due(&self.ids),
            _ => None,
        };
        match (&job.tools, due) {
            (Tools::Enabled(tools), Some(start)) if self.may_start(tools) => {
                logits[start as usize] += tools.calls.start_bias;
                if rank(logits, start) < tools.calls.start_top_k {
                    self.calls_begun += 1;
                    self.push(tokenizer, start);
                    self.note(log_probs, top);
                    self.started = self.call_start();
                    return None;
                }
            }
            (Tools::Enabled(_) | Tools::Disabled(_), Some(start)) => {
                logits[start as usize] = f32::NEG_INFINITY;
            }
            _ => {}
        }
        if let Tools::Enabled(tools) = &job.tools {
            self.constrain(tools, logits);
            self.forbid(tools, logits);
        }
        // A copy only where something may be taken away.
        let changes = !settings.penalties.are_none() || !self.may_end();
        let before = changes.then(|| logits.to_vec());
        settings.penalties.apply(logits, &job.prompt.ids, &self.ids);
        if !self.may_end() {
            for id in tokenizer.ends().chain(settings.stop_ids.iter().copied()) {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        let is_left = |logits: &[f32]| logits.iter().any(|&logit| logit > f32::NEG_INFINITY);
        if let Some(before) = before.filter(|_| !is_left(logits)) {
            // The rules together leave nothing: those of the penalties and of the length give way.
            logits.copy_from_slice(&before);
        }
        if !is_left(logits) {
            self.finish = Some(Finish::Stop);
            return None;
        }
        let id = settings.sampling.pick(logits, &mut self.rng);
        if tokenizer.is_end(id) || settings.stop_ids.contains(&id) {
            self.finish = Some(if tokenizer.is_end(id) { Finish::Eos } else { Finish::Stop });
            return None;
        }
        let ends_behind_this = self.may_end();
        let events = self.push(tokenizer, id);
        self.note(log_probs, top);
        if !ends_behind_this {
            self.stops_checked = self.bytes.len();
        }
        match &job.tools {
            Tools::Enabled(tools) => self.asked(tools, events),
            _ => None,
        }
    }

    fn may_start(&self, tools: &ToolUse<'_>) -> bool {
        // Spaces alone make no other place of it.
        let dropped_here = self
            .dropped_at
            .and_then(|at| self.bytes.get(at..))
            .is_some_and(|behind| behind.trim_ascii().is_empty());
        let within_character = self.watch.as_ref().is_some_and(CallWatch::is_within_character);
        self.calls_begun < tools.calls.max_calls && !dropped_here && !within_character
    }

    /// Leaves only tokens that continue the call which is being written, if one may be. Where no token could, as in a
    /// bracket that was never a call, the row goes on freely.
    fn constrain(&self, tools: &ToolUse<'_>, logits: &mut [f32]) {
        let (Some(constraint), Some(start)) = (&self.job.constraint, self.call_start()) else { return };
        if self.started != Some(start) && self.calls_begun >= tools.calls.max_calls {
            return;
        }
        let written = self.bytes.get(start + tools.syntax.bare_open().len()..).unwrap_or_default();
        if let Some(call) = constraint.begin(written) {
            let mut masked = logits.to_vec();
            if call.mask(&mut masked) {
                logits.copy_from_slice(&masked);
            }
        }
    }

    fn may_end(&self) -> bool {
        self.ids.len() >= self.job.settings.min_tokens
    }

    /// Ends the row at the first stop string in its text; what is in a call or its result is not looked at.
    pub(super) fn end_at_stops(&mut self, tokenizer: &Tokenizer) {
        if self.call_start().is_some() || self.finish.is_some() {
            return;
        }
        self.cut_at_stop(tokenizer);
    }

    /// The same for a row that has ended within a bracket: it was no call after all.
    fn end_in_bracket(&mut self, tokenizer: &Tokenizer) {
        let ends = matches!(self.finish, Some(Finish::Length | Finish::Eos));
        if ends && self.call_start().is_some() {
            self.cut_at_stop(tokenizer);
        }
    }

    fn cut_at_stop(&mut self, tokenizer: &Tokenizer) {
        let stop = find_stop(&self.bytes, self.plain_from, self.stops_checked, &self.job.settings.stop);
        self.stops_checked = self.bytes.len();
        if let Some(at) = stop {
            self.truncate(at, tokenizer);
            // Calls that were dropped within the stop string.
            self.calls.iter_mut().for_each(|call| call.span = call.span.map(|end| end.min(at)));
            self.finish = Some(Finish::Stop);
        }
    }
}
