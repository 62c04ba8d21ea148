//! What a program said last on standard error: there it says why it stops.

use std::sync::{Arc, Mutex, PoisonError};

use crate::one_line;

/// So much is kept, bytes, and shown, characters.
const KEPT: usize = 4096;
const SHOWN: usize = 300;

/// The end of what a program has said so far, shared by who reads and who tells.
#[derive(Clone, Default)]
pub(crate) struct LastWords(Arc<Mutex<Vec<u8>>>);

impl LastWords {
    /// Takes in what it says next.
    pub(crate) fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }

    /// The end of it, on one line; empty if it said nothing.
    pub(crate) fn shown(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        one_line::end(&String::from_utf8_lossy(&kept), SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept() {
        let words = LastWords::default();
        assert_eq!(words.shown(), "");
        words.add(b"first\n");
        words.add(&[b'x'; 10_000]);
        words.add(b"\n\x1b[31mlast\xff\n");
        assert!(words.shown().ends_with("x [31mlast\u{fffd}") && words.shown().starts_with("…x"));
        assert_eq!(words.shown().chars().count(), SHOWN + 1);
    }
}
