//! What happens while text is completed, as it happens: as text with calls in colour, or as JSON.

use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde_json::json;
use toolformer::{
    decode::{CallEvent, Event},
    text::CallStatus,
};

use crate::{completions_output::Describe, output::Output};

/// Writes text as it comes; on a terminal calls are cyan, their results green, and calls that failed red.
pub(crate) struct TextStream {
    output: Output,
    colours: bool,
}

impl TextStream {
    pub(crate) fn new() -> Self {
        // https://no-color.org
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let can = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        Self { output: Output::new(), colours: wanted && can && io::stdout().is_terminal() }
    }

    /// Text that is not the model's.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.output.text(text)?;
        self.output.flush()
    }

    pub(crate) fn tell(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Text { text, .. } => self.output.text(text)?,
            Event::Call { text, call, .. } => {
                for (part, style) in parts(text, call) {
                    let style = if self.colours { style } else { Style::new() };
                    self.output.text(&format!("{style}{part}{style:#}"))?;
                }
            }
            Event::Done { .. } | Event::Failed { .. } => {}
        }
        self.output.flush()
    }
}

/// A call's text, cut into what the model wrote and what the tool said.
fn parts<'a>(text: &'a str, call: &CallEvent) -> Vec<(&'a str, Style)> {
    let colour = |colour: AnsiColor| colour.on_default();
    if call.status != CallStatus::Ok {
        return vec![(text, colour(AnsiColor::Red))];
    }
    let result = call.result.as_deref().unwrap_or_default();
    let at = text.rfind(result).unwrap_or(text.len());
    let (before, rest) = text.split_at(at);
    let (result, after) = rest.split_at(result.len().min(rest.len()));
    let call = colour(AnsiColor::Cyan);
    vec![(before, call), (result, colour(AnsiColor::Green)), (after, call)]
}

/// Writes an event as an object; that of the end has all that is known of the completion.
pub(crate) fn tell_json(output: &mut Output, describe: &Describe<'_>, event: &Event) -> Result<()> {
    let request = event.request().0;
    let object = match event {
        Event::Text { index, text, .. } => {
            json!({"event": "text", "request": request, "index": index, "text": text})
        }
        Event::Call { index, text, call, .. } => {
            json!({"event": "call", "request": request, "index": index, "text": text, "call": call})
        }
        Event::Done { generation, .. } => {
            let mut object = describe.object(request, generation);
            object["event"] = "done".into();
            object["request"] = request.into();
            object["index"] = generation.index.into();
            object
        }
        Event::Failed { error, .. } => {
            json!({"event": "failed", "request": request, "error": error.to_string()})
        }
    };
    output.json(&object)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_in_parts() {
        let call = CallEvent {
            span: [0, 0],
            name: "Calculator".to_owned(),
            args: "1 + 1".to_owned(),
            result: Some("2".to_owned()),
            status: CallStatus::Ok,
            seconds: 0.0,
        };
        let texts = |text: &'static str, call: &CallEvent| {
            parts(text, call).into_iter().map(|part| part.0).collect::<Vec<_>>()
        };
        assert_eq!(texts("<A(2) - 2>", &call), ["<A(2) - ", "2", ">"]);
        let failed = CallEvent { result: None, status: CallStatus::TimedOut, ..call };
        assert_eq!(texts("<A(2) ->", &failed), ["<A(2) ->"]);
    }
}
