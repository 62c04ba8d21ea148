//! Where a call may begin: `[name(`.

use crate::{Syntax, syntax::name_length};

/// The beginning of what may be a call.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Where its open marker stands.
    pub(crate) at: usize,
    /// Where its name ends; a `(` stands there.
    pub(crate) name_end: usize,
}

impl Syntax {
    /// The first `[name(` at or after `from`.
    pub(crate) fn find_start(&self, text: &str, mut from: usize) -> Option<Start> {
        let bytes = text.as_bytes();
        loop {
            let at = from + self.find_open(&bytes[from..])?;
            let name = at + self.bare_open().len();
            let name_end = name + name_length(&bytes[name..]);
            if name_end > name && bytes.get(name_end) == Some(&b'(') {
                return Some(Start { at, name_end });
            }
            from = at + self.behind_no_name(name_end - at);
        }
    }

    /// Where to look for the next open marker, given that behind one at 0 the byte at `refused` is neither part
    /// of a name nor the `(` behind it. Names that begin before that byte end there too, so that only a marker
    /// which holds the byte, or stands behind it, may begin a call.
    pub(crate) fn behind_no_name(&self, refused: usize) -> usize {
        (refused + 1).saturating_sub(self.bare_open().len()).max(1)
    }

    /// Where the end of `text` may be the beginning of an open marker; the length of `text` if nowhere.
    pub(crate) fn partial_open(&self, text: &str) -> usize {
        let open = self.bare_open().as_bytes();
        let length = (1..open.len()).rev().find(|&length| text.as_bytes().ends_with(&open[..length]));
        text.len() - length.unwrap_or(0)
    }
}
