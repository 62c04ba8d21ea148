//! Whether a text that a model wrote is another text with calls put into it, and where these stand.
//!
//! A rewrite is a copy if, once its calls are taken out, it is the text byte for byte, where
//! - a call takes one space with it: the one before it, or else the one behind it, or, written without any, none;
//! - white space at the beginning and at the end may differ;
//! - with the first line break behind the whole text it is at its end: what follows, such as the prompt's next
//!   example, is not looked at.
//!
//! Brackets that the text itself has are text. Where a space before a call can be the call's own or the text's, it is the
//! call's own, as it is printed: the call then stands before the text's space.

mod reading;

use toolformer_text::Syntax;

use self::reading::{Reader, Reading, State};

/// A call that a rewrite has and its text has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertedCall {
    /// Byte offset in the text before which it stands.
    pub position: usize,
    /// The tool's name.
    pub name: String,
    /// The text between its parentheses, trimmed.
    pub args: String,
}

/// Where a rewrite stops being a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// So many bytes of the text are there.
    pub copied: usize,
    /// So many bytes of the rewrite were read until then.
    pub written: usize,
}

/// The calls that `rewrite` puts into `text`.
///
/// # Errors
/// If `rewrite` without its calls is not `text`: where it departs from it.
///
/// ```
/// use toolformer_text::Syntax;
/// use toolformer_train::align_copy;
///
/// let rewrite = "3 boxes of 12 make [Calculator(3 * 12)] 36 eggs.";
/// let calls = align_copy("3 boxes of 12 make 36 eggs.", rewrite, &Syntax::default()).unwrap();
/// assert_eq!((calls[0].position, calls[0].args.as_str()), (18, "3 * 12"));
///
/// let departure = align_copy("3 boxes of 10 make 30.", rewrite, &Syntax::default()).unwrap_err();
/// assert_eq!(departure.copied, 12);
/// ```
pub fn align_copy(text: &str, rewrite: &str, syntax: &Syntax) -> Result<Vec<InsertedCall>, Departure> {
    let mut alignment = CopyAlignment::new(text, syntax, usize::MAX);
    for byte in rewrite.bytes() {
        if alignment.push(&[byte]) != Copying::GoesOn {
            break;
        }
    }
    let floor = |text: &str, at: usize| (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    alignment.finish().map_err(|Departure { copied, written }| Departure {
        copied: floor(text, copied),
        written: floor(rewrite, written),
    })
}

/// How a rewrite stands that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copying {
    /// It may become a copy.
    GoesOn,
    /// It is one, and at its end.
    Complete,
    /// It is none, whatever follows.
    Departed,
}

/// Reads a rewrite while it is written. All readings that the bytes allow are followed at once; there are several only
/// about spaces and about brackets in the text.
#[derive(Clone)]
pub(crate) struct CopyAlignment<'a> {
    reader: Reader<'a>,
    /// Most pieces that a call may come in.
    max_call_pieces: usize,
    readings: Vec<Reading>,
    written: usize,
    furthest: Departure,
}

impl<'a> CopyAlignment<'a> {
    /// Nothing is written yet.
    pub(crate) fn new(text: &'a str, syntax: &'a Syntax, max_call_pieces: usize) -> Self {
        let start = |copied| Reading { state: State::Text, copied, calls: Vec::new(), unusual: 0 };
        let indent = text.len() - text.trim_ascii_start().len();
        let mut readings = vec![start(0)];
        if indent > 0 {
            readings.push(start(indent));
        }
        let furthest = Departure { copied: 0, written: 0 };
        let reader = Reader { text: text.as_bytes(), syntax };
        Self { reader, max_call_pieces, readings, written: 0, furthest }
    }

    /// Takes the next piece of the rewrite, such as a token.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Copying {
        for &byte in piece {
            if self.is_done() {
                break;
            }
            self.written += 1;
            let readings = std::mem::take(&mut self.readings);
            self.readings = self.reader.advance(readings, byte);
            let in_text = |reading: &&Reading| matches!(reading.state, State::Text | State::BehindBareCall);
            let copied = self.readings.iter().filter(in_text).map(|reading| reading.copied).max();
            if let Some(copied) = copied.filter(|&copied| copied >= self.furthest.copied) {
                self.furthest = Departure { copied, written: self.written };
            }
        }
        for reading in &mut self.readings {
            if let State::Call { pieces, .. } = &mut reading.state {
                *pieces += 1;
            }
        }
        let most = self.max_call_pieces;
        self.readings.retain(|reading| !matches!(reading.state, State::Call { pieces, .. } if pieces > most));
        match self.readings[..] {
            [] => Copying::Departed,
            _ if self.is_done() => Copying::Complete,
            _ => Copying::GoesOn,
        }
    }

    /// The calls, when nothing more comes.
    pub(crate) fn finish(self) -> Result<Vec<InsertedCall>, Departure> {
        let furthest = self.furthest;
        let whole = self.reader.text.trim_ascii_end().len();
        let is_copy =
            |reading: &Reading| reading.copied >= whole && !matches!(reading.state, State::Call { .. });
        let copies = self.readings.into_iter().filter(is_copy);
        copies.min_by_key(|reading| reading.unusual).map(|reading| reading.calls).ok_or(furthest)
    }

    fn is_done(&self) -> bool {
        self.readings.iter().any(|reading| matches!(reading.state, State::Done))
    }
}
