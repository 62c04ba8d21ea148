//! How far a call has got while it is being written.

use crate::{
    Call, DiagnosticKind, Syntax,
    line_index::LineIndex,
    scan::{Candidate, Scan},
    syntax::name_length,
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
        let open = self.bare_open();
        if open.starts_with(generated) {
            return Progress::Pending;
        }
        let Some(rest) = generated.strip_prefix(open) else {
            return Progress::NotACall(DiagnosticKind::NotAName);
        };
        let name = open.len()..open.len() + name_length(rest);
        if name.end == generated.len() {
            return Progress::Pending;
        }
        if name.is_empty() || !generated[name.end..].starts_with('(') {
            return Progress::NotACall(DiagnosticKind::NotAName);
        }
        let line_start = name.end + 1;
        let newline = generated[line_start..].find(['\n', '\r']);
        let candidate = Candidate {
            text: generated,
            start: 0,
            name: name.clone(),
            line_start,
            line_end: newline.map_or(generated.len(), |length| line_start + length),
            complete: newline.is_some(),
        };
        let index = LineIndex::new(&generated[line_start..candidate.line_end], candidate.complete);
        match candidate.scan(&index, self) {
            Scan::Call(call) => Progress::Closed { end: call.span.end, call },
            Scan::Pending => Progress::Pending,
            Scan::Awaits { args, arrow } => Progress::AwaitsResult {
                name: generated[name].to_owned(),
                args: generated[args].trim().to_owned(),
                end: arrow.end,
            },
            Scan::Malformed { kind, .. } => Progress::NotACall(kind),
        }
    }
}
