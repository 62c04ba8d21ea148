//! What `generate` writes while completions run, and how far it is.

use anyhow::{Result, bail};
use toolformer::{decode::Event, train::Observer as _};

use crate::{
    completions_output::{CompletionsOutput, Describe},
    events_output::{TextStream, tell_json},
    output::Output,
    progress::Progress,
};

/// How events become output.
pub(crate) enum Writer<'a> {
    /// Completions as they end, in their order.
    Whole(CompletionsOutput<'a>),
    /// The text of a single completion, as it comes: what stands before it, until that is written, and what behind it.
    Text { stream: TextStream, before: &'a str, behind: &'a str },
    /// Events, as they come, and how many prompts could not be completed.
    Events(Output, Describe<'a>, usize),
}

impl Writer<'_> {
    /// Tells an event of a request, whose number is that of its prompt less `first`.
    pub(crate) fn tell(&mut self, first: usize, event: Event) -> Result<()> {
        let failed = match self {
            Self::Whole(output) => match event {
                Event::Done { request, generation } => return output.take(first + request.0, generation),
                // One prompt that fails does not end the others.
                Event::Failed { request, error } => return output.fail(first + request.0, &error.into()),
                other => other,
            },
            Self::Text { stream, before, .. } => {
                if !matches!(event, Event::Failed { .. }) {
                    stream.text(std::mem::take(before))?;
                }
                stream.tell(&event)?;
                event
            }
            Self::Events(output, describe, failures) => {
                *failures += usize::from(matches!(event, Event::Failed { .. }));
                return tell_json(output, describe, &event);
            }
        };
        match failed {
            Event::Failed { error, .. } => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn end(&mut self) -> Result<()> {
        match self {
            Self::Text { stream, behind, .. } => stream.text(&format!("{behind}\n")),
            Self::Whole(output) => all_completed(output.failures()),
            Self::Events(_, _, failures) => all_completed(*failures),
        }
    }
}

fn all_completed(failures: usize) -> Result<()> {
    match failures {
        0 => Ok(()),
        _ => bail!("{failures} prompts could not be completed; what was written in their places says why"),
    }
}

/// Progress over a file of prompts that is written to a file; nothing elsewhere.
pub(crate) struct FileProgress(pub(crate) Option<Progress>);

impl FileProgress {
    /// A prompt is done.
    pub(crate) fn step(&mut self) {
        self.0.iter_mut().for_each(|progress| progress.advance(1, 0));
    }

    /// So many tokens were computed.
    pub(crate) fn count(&mut self, tokens: usize) {
        self.0.iter_mut().for_each(|progress| progress.advance(0, tokens));
    }

    pub(crate) fn finish(&mut self) {
        self.0.iter_mut().for_each(|progress| progress.finish());
    }
}
