//! Calls that the model writes: found on text, run, and their results put into the row.

use toolformer_model::check_ids;
use toolformer_text::{CallStatus, StreamEvent, fitting_result};

use super::{Decoding, Row};
use crate::{
    call_watch::CallWatch,
    error::DecodeError,
    generation::{CallEvent, Finish, ToolUse},
};

impl Decoding<'_> {
    /// Runs the call whose arrow came with the last token, if one did and the row may have one more.
    pub(super) fn follow_call(
        &self,
        row: &mut Row,
        tools: &ToolUse<'_>,
        events: Vec<StreamEvent>,
    ) -> Result<(), DecodeError> {
        let awaits = events.into_iter().find_map(|event| match event {
            StreamEvent::AwaitsResult { name, args, end } => Some((name, args, end)),
            _ => None,
        });
        let (Some((name, args, end)), Some(watch), Some(start)) = (awaits, &row.watch, row.call_start())
        else {
            return Ok(());
        };
        let end = watch.in_row(end);
        if row.started != Some(start) {
            // The model began it on its own.
            if row.calls_begun >= tools.max_calls {
                return Ok(());
            }
            row.calls_begun += 1;
        }
        self.run_call(row, tools, start, end, &name, &args)
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
            let last = row.pop().map_or(0, |id| self.tokenizer.token_bytes(id).len());
            let from = row.bytes.len() - last;
            let kept = String::from_utf8_lossy(&row.bytes[from..end]).into_owned();
            row.bytes.truncate(from);
            for id in self.tokenizer.encode_continuation(&kept)? {
                row.push(self.tokenizer, id);
            }
        }
        let answer = result.as_deref().map_or(String::new(), |result| format!(" {result}"));
        let inserted = self.tokenizer.encode_continuation(&format!("{answer}{}", tools.syntax.close()))?;
        check_ids(&inserted, self.vocab_size, Some(self.tokenizer))?;
        if row.ids.len() + inserted.len() > self.settings.max_tokens {
            // A result counts as any other text does: there is no room for it.
            row.finish = Some(Finish::Length);
        } else {
            for id in inserted {
                row.push(self.tokenizer, id);
            }
        }
        row.plain_from = row.bytes.len();
        row.watch = Some(CallWatch::new(tools.syntax, row.plain_from));
        let span = [start, row.bytes.len()];
        row.calls.push(CallEvent { span, name: name.into(), args: args.into(), result, status, seconds });
        Ok(())
    }
}
