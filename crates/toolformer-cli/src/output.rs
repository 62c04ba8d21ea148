//! Standard output: data only, and errors instead of panics when it goes away.

use std::io::{self, BufWriter, StdoutLock, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;
use toolformer::text::is_shown;

const WHY: &str = "cannot write to standard output";

/// Standard output, buffered; nothing is sure to be out before [`Output::flush`].
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.0.write_all(text.as_bytes()).context(WHY)
    }

    /// Writes an object on a line.
    pub(crate) fn json(&mut self, object: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(object)?;
        line.push(b'\n');
        self.0.write_all(&line).context(WHY)
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.0.flush().context(WHY)
    }

    /// The same for a library that writes itself.
    pub(crate) fn into_write(self) -> impl Write {
        self.0
    }
}

/// Writes one object.
pub(crate) fn print_json(object: &impl Serialize) -> Result<()> {
    let mut output = Output::new();
    output.json(object)?;
    output.flush()
}

/// Writes text as it is.
pub(crate) fn print_text(text: &str) -> Result<()> {
    let mut output = Output::new();
    output.text(text)?;
    output.flush()
}

/// Writes a line for the person at the terminal.
pub(crate) fn say(text: &str) {
    // Nobody to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Most characters of a foreign text in a message.
const MAX_SHOWN: usize = 200;

/// A foreign text as it may stand in a message: no control characters, which a terminal would obey, and not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut chars = text.chars().map(|c| if is_shown(c) { c } else { '\u{fffd}' });
    let mut shown: String = chars.by_ref().take(MAX_SHOWN).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_are_tamed() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b"), "a\u{fffd}[31m\u{fffd}\u{fffd}b");
        assert_eq!(shown(&"x".repeat(300)).chars().count(), MAX_SHOWN + 1);
    }
}
