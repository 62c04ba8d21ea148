//! Where the arguments of a call end, byte by byte; the same rules as in [`reader`](crate::reader).

use super::argument_automaton::ArgumentAutomaton;
use crate::quotes::in_word;

/// A place in the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ArgumentReader {
    tool: u32,
    /// State of the tool's own grammar.
    state: u32,
    /// Open parentheses.
    depth: u32,
    quote: Quote,
    /// An odd number of backslashes stands right before.
    escaped: bool,
    before: Before,
    /// The beginning of a character of several bytes.
    cut: [u8; 3],
    cut_len: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Quote {
    None,
    Open(u8),
    /// What stands behind the mark tells whether it closes.
    MayClose(u8),
}

/// What stands right before, as far as a quote mark cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Before {
    Ascii,
    OtherWord,
    NoWord,
}

/// What a byte came to.
pub(super) enum Read {
    On,
    /// It is the `)` that closes the arguments.
    Closed,
}

impl ArgumentReader {
    /// Behind the `(`.
    pub(super) fn new(tool: usize) -> Self {
        Self {
            tool: tool as u32,
            state: ArgumentAutomaton::START,
            depth: 0,
            quote: Quote::None,
            escaped: false,
            before: Before::NoWord,
            cut: [0; 3],
            cut_len: 0,
        }
    }

    pub(super) fn tool(&self) -> usize {
        self.tool as usize
    }

    /// Reads a byte; `None` if it cannot stand here.
    pub(super) fn read(&mut self, automaton: &ArgumentAutomaton, byte: u8) -> Option<Read> {
        let Some(c) = self.character(byte)? else {
            self.state = automaton.next(self.state, byte)?;
            return Some(Read::On);
        };
        if matches!(c, '\n' | '\r') {
            return None;
        }
        if let Quote::MayClose(mark) = self.quote {
            if in_word(mark, c) {
                self.quote = Quote::Open(mark);
            } else {
                (self.quote, self.before, self.escaped) = (Quote::None, Before::NoWord, false);
            }
        }
        match (self.quote, c) {
            (Quote::Open(mark), c) if c == char::from(mark) && !self.escaped => {
                self.quote = Quote::MayClose(mark);
            }
            (Quote::None, '(') => self.depth += 1,
            (Quote::None, ')') if self.depth == 0 => {
                return automaton.accepts(self.state).then_some(Read::Closed);
            }
            (Quote::None, ')') => self.depth -= 1,
            (Quote::None, '\'' | '"') if !self.escaped && !self.is_in_word(byte) => {
                self.quote = Quote::Open(byte);
            }
            _ => {}
        }
        self.escaped = c == '\\' && !self.escaped;
        self.before = match c {
            _ if c.is_ascii_alphanumeric() => Before::Ascii,
            _ if c.is_alphanumeric() => Before::OtherWord,
            _ => Before::NoWord,
        };
        self.state = automaton.next(self.state, byte)?;
        Some(Read::On)
    }

    /// Whether a quote mark that stands here belongs to the word before it.
    fn is_in_word(&self, mark: u8) -> bool {
        match self.before {
            Before::Ascii => true,
            Before::OtherWord => mark == b'\'',
            Before::NoWord => false,
        }
    }

    /// The character that ends with `byte`; `Some(None)` where it goes on, `None` where there can be none.
    fn character(&mut self, byte: u8) -> Option<Option<char>> {
        if self.cut_len == 0 && byte.is_ascii() {
            return Some(Some(char::from(byte)));
        }
        let len = usize::from(self.cut_len);
        let mut bytes = [0; 4];
        bytes[..len].copy_from_slice(&self.cut[..len]);
        bytes[len] = byte;
        match std::str::from_utf8(&bytes[..=len]) {
            Ok(text) => {
                (self.cut, self.cut_len) = ([0; 3], 0);
                Some(text.chars().next())
            }
            Err(error) if error.error_len().is_none() && len < 3 => {
                self.cut[len] = byte;
                self.cut_len += 1;
                Some(None)
            }
            Err(_) => None,
        }
    }
}
