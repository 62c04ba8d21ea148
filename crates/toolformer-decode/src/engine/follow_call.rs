//! Calls that the model writes: found on text, run, and their results put into the row.

use toolformer_model::{Tokenizer, check_ids};
use toolformer_text::{CallError, CallStatus, Policy, StreamEvent, fitting_result, marked_failure};

use super::{choose::Asked, row::Row};
use crate::{
    call_watch::CallWatch,
    error::DecodeError,
    generation::{CallEvent, Finish, ToolUse, Tools},
};

/// A call that was started.
pub(super) struct Started {
    pub(super) asked: Asked,
    /// When, by the clock of the tools.
    pub(super) began: f64,
    /// How long it took, if it has ended at once.
    pub(super) seconds: Option<f64>,
}

/// Why a tool is not asked, if it is forbidden: then it is none.
pub(super) fn refused(tools: &ToolUse<'_>, name: &str) -> Option<CallError> {
    let is_forbidden = |name: &str| tools.calls.forbidden.iter().any(|no| no == name);
    is_forbidden(name).then(|| {
        let known = tools.registry.names().filter(|name| !is_forbidden(name)).map(str::to_owned).collect();
        CallError::UnknownTool { name: name.to_owned(), known, closest: None }
    })
}

impl Row<'_> {
    /// The call whose arrow came with the last token, if one did and the row may have one more.
    pub(super) fn asked(&mut self, tools: &ToolUse<'_>, events: Vec<StreamEvent>) -> Option<Asked> {
        let awaits = events.into_iter().find_map(|event| match event {
            StreamEvent::AwaitsResult { name, args, end } => Some((name, args, end)),
            _ => None,
        });
        let ((name, args, end), watch, start) = (awaits?, self.watch.as_ref()?, self.call_start()?);
        let end = watch.in_row(end);
        if self.started != Some(start) {
            // The model began it on its own.
            if self.calls_begun >= tools.calls.max_calls {
                return None;
            }
            self.calls_begun += 1;
        }
        Some(Asked { start, end, name, args })
    }

    /// Puts what a tool said into the row, or does without by the policy. Returns how many tokens that the model has
    /// seen are no longer part of the row.
    pub(super) fn answer(
        &mut self,
        call: Started,
        outcome: Result<String, CallError>,
        tokenizer: &Tokenizer,
        vocab_size: usize,
    ) -> Result<usize, DecodeError> {
        let job = self.job.clone();
        let Tools::Enabled(tools) = &job.tools else { return Ok(0) };
        let Started { asked: Asked { start, end, name, args }, began, seconds } = call;
        let seconds = seconds.unwrap_or_else(|| (tools.clock)() - began);
        let mut event =
            CallEvent { span: [start; 2], name, args, result: None, status: CallStatus::Ok, seconds };
        let text = match outcome {
            Ok(result) => {
                let before = String::from_utf8_lossy(&self.bytes[..end]);
                let before = format!("{}{before}", self.job.line_before);
                event.result = Some(fitting_result(tools.syntax, &before, &result));
                event.result.clone()
            }
            Err(error) => {
                event.status = error.status();
                match tools.calls.policies.of(event.status) {
                    Policy::Leave => None,
                    Policy::Mark => Some(marked_failure(tools.syntax, &error)),
                    Policy::Drop => return self.drop_call(tools, event, tokenizer, vocab_size),
                    Policy::Fail => return Err(DecodeError::Call { source: error }),
                }
            }
        };
        // What stands behind the arrow is not the model's to say. Mostly it is the rest of the last token; where brackets
        // around the call turned out to be none, it was found late and there may be more.
        let back = if self.bytes.len() > end { self.cut(end, tokenizer, vocab_size)? } else { 0 };
        let answer = text.map_or(String::new(), |result| format!(" {result}"));
        let inserted = tokenizer.encode_continuation(&format!("{answer}{}", tools.syntax.close()))?;
        check_ids(&inserted, vocab_size, Some(tokenizer))?;
        if self.ids.len() + inserted.len() > self.job.settings.max_tokens {
            // A result counts as any other text does: there is no room for it.
            self.finish = Some(Finish::Length);
            event.result = None;
        } else {
            for id in inserted {
                self.push(tokenizer, id);
            }
        }
        event.span = [start, self.bytes.len()];
        (self.plain_from, self.stops_checked) = (self.bytes.len(), self.bytes.len());
        self.end_call(tools, event);
        Ok(back)
    }

    /// Cuts the text behind its first `len` bytes; what a token that is cut held before is written anew. Returns how many
    /// tokens that the model has seen are no longer part of the row.
    fn cut(&mut self, len: usize, tokenizer: &Tokenizer, vocab_size: usize) -> Result<usize, DecodeError> {
        let fed = self.fed();
        let left = self.truncate(len, tokenizer);
        self.bytes.truncate(len - left.len());
        let kept = self.job.prompt.ids.len() + self.ids.len();
        let anew = tokenizer.encode_continuation(&String::from_utf8_lossy(&left))?;
        check_ids(&anew, vocab_size, Some(tokenizer))?;
        // They may be more than the token was.
        let room = self.job.settings.max_tokens.saturating_sub(self.ids.len());
        for id in anew.into_iter().take(room) {
            self.push(tokenizer, id);
        }
        Ok(fed - fed.min(kept))
    }

    fn end_call(&mut self, tools: &ToolUse<'_>, event: CallEvent) {
        self.watch = Some(CallWatch::new(tools.syntax, self.bytes.len()));
        self.started = None;
        self.calls.push(event);
        self.end_at_length();
    }

    /// Takes a call out of the row again, with the space before it. The last token before it goes through the model once
    /// more, for the scores of what comes instead.
    fn drop_call(
        &mut self,
        tools: &ToolUse<'_>,
        mut event: CallEvent,
        tokenizer: &Tokenizer,
        vocab_size: usize,
    ) -> Result<usize, DecodeError> {
        let from = event.span[0] - usize::from(self.bytes[..event.span[0]].ends_with(b" "));
        let back = self.cut(from.max(self.plain_from), tokenizer, vocab_size)?;
        let again = if self.pending.is_empty() { 1 } else { 0 };
        if again == 1 {
            self.pending.extend(self.ids.last().or(self.job.prompt.ids.last()));
        }
        self.dropped_at = Some(self.bytes.len());
        event.span = [self.bytes.len(); 2];
        self.stops_checked = self.stops_checked.min(self.bytes.len());
        self.end_call(tools, event);
        Ok(back + again)
    }

    /// Makes it impossible to write the name of a tool that is forbidden.
    pub(super) fn forbid(&self, tools: &ToolUse<'_>, logits: &mut [f32]) {
        let (Some(start), Some(vocabulary)) = (self.call_start(), &self.job.vocabulary) else { return };
        let Some(written) = self.bytes.get(start + tools.syntax.bare_open().len()..) else { return };
        for name in &tools.calls.forbidden {
            let call = format!("{name}(");
            let Some(rest) = call.as_bytes().strip_prefix(written).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            vocabulary.beginning_with(rest, |id| {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            });
        }
    }
}
