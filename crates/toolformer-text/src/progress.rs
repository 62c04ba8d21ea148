//! How far a call has got while it is being written.

use crate::{
    Call, DiagnosticKind, Syntax,
    line_index::LineIndex,
    reader::{Reader, Reading},
    scan::scan,
    start::Start,
    work::Work,
};

/// How far a call has got; see [`Syntax::progress`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It may still become a call.
    Pending,
    /// `[name(args) ->` is there: run the tool and write its result. What was written behind the arrow, if
    /// anything, begins at `end`.
    AwaitsResult {
        /// The tool's name.
        name: String,
        /// The text between the parentheses, trimmed.
        args: String,
        /// The byte after the arrow.
        end: usize,
    },
    /// The call is closed, with or without a result.
    Closed {
        /// The call; its spans count from the `[`.
        call: Call,
        /// The byte after the close marker.
        end: usize,
    },
    /// It is no call, whatever follows.
    NotACall(DiagnosticKind),
}

impl Syntax {
    /// How far the call has got that begins at the first byte of `generated` (at the `[`, without a space).
    ///
    /// An answer other than `Pending` stands whatever is written next, except that `AwaitsResult` may become
    /// `Closed` with the same name and arguments, or `NotACall` if the result is not closed on its line; and
    /// [`parse`](crate::parse) finds the same. While a quote is open the answer is `Pending`: only the end of
    /// the line shows that its partner is missing. At the end of a text, ask `parse`.
    ///
    /// ```
    /// use toolformer_text::{Progress, Syntax};
    /// let syntax = Syntax::default();
    /// assert_eq!(syntax.progress("[Calculator(1 +"), Progress::Pending);
    /// assert_eq!(
    ///     syntax.progress("[Calculator(1 + 1) ->"),
    ///     Progress::AwaitsResult { name: "Calculator".into(), args: "1 + 1".into(), end: 21 },
    /// );
    /// ```
    pub fn progress(&self, generated: &str) -> Progress {
        let line_end = generated.find(['\n', '\r']);
        let line = &generated[..line_end.unwrap_or(generated.len())];
        let mut reader = Reader::default();
        let mut reading = reader.read(line, self, &mut Work { spent: 0, allowed: usize::MAX });
        if let (Reading::Pending | Reading::Awaits { .. }, Some(at)) = (&reading, line_end) {
            reading = if reader.is_in_call() {
                let start = Start { at: 0, name_end: reader.name(self).end };
                scan(line, start, &LineIndex::new(line), self)
            } else {
                Reading::NotACall { kind: DiagnosticKind::NotAName, at }
            };
        }
        match reading {
            Reading::Pending => Progress::Pending,
            Reading::Awaits { args, arrow } => Progress::AwaitsResult {
                name: generated[reader.name(self)].to_owned(),
                args: generated[args].trim().to_owned(),
                end: arrow.end,
            },
            Reading::Call(parts) => Progress::Closed { end: parts.end, call: parts.call(generated, 0) },
            Reading::NotACall { kind, .. } => Progress::NotACall(kind),
        }
    }
}
