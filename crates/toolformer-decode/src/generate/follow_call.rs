//! Calls that the model writes: found on text, run, and their results put into the row.

use toolformer_text::{CallStatus, Progress, fitting_result};

use super::{Decoding, OpenCall, Row};
use crate::{
    error::DecodeError,
    generation::{CallEvent, Finish, ToolUse},
};

impl Decoding<'_> {
    /// Where a call may start in the row's text, such that its marker ends in the last token.
    pub(super) fn starts_in_last_token<'r>(
        &self,
        row: &'r Row,
        tools: &ToolUse<'r>,
    ) -> impl DoubleEndedIterator<Item = usize> + use<'r> {
        let open = tools.syntax.bare_open().as_bytes();
        let last = row.ids.last().map_or(0, |&id| self.tokenizer.token_bytes(id).len());
        let from = (row.bytes.len() + 1).saturating_sub(last + open.len()).max(row.plain_from);
        (from..row.bytes.len()).filter(move |&start| row.bytes[start..].starts_with(open))
    }

    /// Looks whether the row's text is in a call, and runs it where it asks for its result.
    ///
    /// The call is looked for in the text, so that a token such as ` [C` or `)]` cannot hide it.
    pub(super) fn follow_call(&self, row: &mut Row, tools: &ToolUse<'_>) -> Result<(), DecodeError> {
        let open = row.open_call.take();
        let fresh = self.starts_in_last_token(row, tools).map(|start| OpenCall { start, counted: false });
        let candidates: Vec<OpenCall> = open.into_iter().chain(fresh).collect();
        for call in candidates {
            let text = String::from_utf8_lossy(&row.bytes[call.start..]).into_owned();
            match tools.syntax.progress(&text) {
                Progress::Pending => {
                    row.open_call = Some(call);
                    return Ok(());
                }
                Progress::AwaitsResult { name, args, end } => {
                    row.calls_begun += usize::from(!call.counted);
                    return self.run_call(row, tools, call.start, call.start + end, &name, &args);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn run_call(
        &self,
        row: &mut Row,
        tools: &ToolUse<'_>,
        start: usize,
        end: usize,
        name: &str,
        args: &str,
    ) -> Result<(), DecodeError> {
        let began = (tools.clock)();
        let outcome = tools.registry.call(name, args);
        let seconds = (tools.clock)() - began;
        let (result, status) = match outcome {
            Ok(result) => {
                let before = String::from_utf8_lossy(&row.bytes[..end]);
                let before = format!("{}{before}", row.line_before);
                (Some(fitting_result(tools.syntax, &before, &result)), CallStatus::Ok)
            }
            Err(error) => (None, error.status()),
        };
        // What the last token holds behind the arrow is not the model's to say.
        if row.bytes.len() > end {
            let last = row.ids.pop().map_or(0, |id| self.tokenizer.token_bytes(id).len());
            row.pending.pop();
            let from = row.bytes.len() - last;
            let kept = String::from_utf8_lossy(&row.bytes[from..end]).into_owned();
            row.bytes.truncate(from);
            for id in self.tokenizer.encode(&kept)? {
                row.push(self.tokenizer, id);
            }
        }
        let answer = result.as_deref().map_or(String::new(), |result| format!(" {result}"));
        let inserted = self.tokenizer.encode(&format!("{answer}{}", tools.syntax.close()))?;
        if row.ids.len() + inserted.len() > self.settings.max_tokens {
            // A result counts as any other text does: there is no room for it.
            row.finish = Some(Finish::Length);
        } else {
            inserted.into_iter().for_each(|id| row.push(self.tokenizer, id));
        }
        row.plain_from = row.bytes.len();
        let span = [start, row.bytes.len()];
        row.calls.push(CallEvent { span, name: name.into(), args: args.into(), result, status, seconds });
        Ok(())
    }
}
