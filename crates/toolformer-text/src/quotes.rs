//! Which quote marks can open and close a quotation.

/// A quote mark that no backslash escapes.
pub(crate) struct QuoteMark {
    /// No letter or digit stands before it.
    pub(crate) opens: bool,
    /// None stands behind it.
    pub(crate) closes: bool,
}

impl QuoteMark {
    /// The mark at byte `at` of `text`, which is `'` or `"`; `None` if it is escaped.
    pub(crate) fn at(text: &str, at: usize) -> Option<Self> {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            return None;
        }
        let in_word = |c: char| in_word(text.as_bytes()[at], c);
        Some(Self { opens: !before.ends_with(in_word), closes: !after.starts_with(in_word) })
    }

    /// Whether the mark at byte `at` can open a quotation.
    pub(crate) fn opens_at(text: &str, at: usize) -> bool {
        Self::at(text, at).is_some_and(|mark| mark.opens)
    }

    /// Whether the mark at byte `at` can close one.
    pub(crate) fn closes_at(text: &str, at: usize) -> bool {
        Self::at(text, at).is_some_and(|mark| mark.closes)
    }
}

/// Whether a character beside a `mark`, which is `'` or `"`, makes it a part of a word.
pub(crate) fn in_word(mark: u8, c: char) -> bool {
    if mark == b'\'' { c.is_alphanumeric() } else { c.is_ascii_alphanumeric() }
}
