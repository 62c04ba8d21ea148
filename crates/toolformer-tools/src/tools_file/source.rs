//! The text of a tools file, to show places of it.

use std::ops::Range;

use super::{Place, ToolsFileError, ToolsFileProblem};

/// A tools file's text.
#[derive(Clone, Copy)]
pub(super) struct Source<'t>(pub(super) &'t str);

/// So much of a line is shown, characters.
const SHOWN: usize = 160;

impl Source<'_> {
    /// An error at `span`, bytes, which is what `key` says.
    pub(super) fn error(self, span: Range<usize>, key: &str, problem: ToolsFileProblem) -> ToolsFileError {
        ToolsFileError::Invalid { place: Box::new(self.place(span, key)), problem }
    }

    fn place(self, span: Range<usize>, key: &str) -> Place {
        let start = self.boundary(span.start);
        let before = &self.0[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.0[line_start..].split(['\n', '\r']).next().unwrap_or_default();
        let line_end = line_start + line.len();
        let count = |from: usize, to: usize| self.0[from..to].chars().count();
        // A span may reach beyond its line, and its start may be the line's end.
        let start = start.min(line_end);
        let end = self.boundary(span.end).clamp(start, line_end);
        let first = count(line_start, start).min(SHOWN);
        let last = count(line_start, end).min(SHOWN);
        // Tabs would move the marks, other control characters the terminal.
        let shown = line.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c });
        Place {
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            text: shown.collect(),
            columns: first..last,
        }
    }

    fn boundary(self, byte: usize) -> usize {
        self.0.floor_char_boundary(byte)
    }
}
