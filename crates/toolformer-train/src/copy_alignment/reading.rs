//! The ways to read a rewrite, byte by byte.

use toolformer_decode::CallWatch;
use toolformer_text::{StreamEvent, Syntax};

use super::InsertedCall;

/// Calls in calls that are only known at the end of their line are read so deep; in texts made for it, it could be for ever.
const MAX_REPLAYS: usize = 4;

/// One way to read what was written so far.
#[derive(Clone)]
pub(super) struct Reading {
    pub(super) state: State,
    /// So many bytes of the text are there.
    pub(super) copied: usize,
    pub(super) calls: Vec<InsertedCall>,
    /// Calls that do not have a space before them of their own.
    pub(super) unusual: usize,
}

#[derive(Clone)]
pub(super) enum State {
    /// In the text.
    Text,
    /// Behind a call without a space of its own.
    BehindBareCall,
    /// Behind the space of a call.
    Space,
    /// In a call.
    Call { watch: Box<CallWatch>, seen: Vec<u8>, has_space: bool, pieces: usize },
    /// Behind the whole text and some white space.
    Tail,
    /// At the end.
    Done,
}

/// What is needed to read on.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) text: &'a [u8],
    pub(super) syntax: &'a Syntax,
}

impl Reader<'_> {
    /// What readings become with the next byte; of those that are as far, the one with the fewest unusual calls.
    pub(super) fn advance(&self, readings: Vec<Reading>, byte: u8) -> Vec<Reading> {
        self.advance_in(readings, byte, 0)
    }

    fn advance_in(&self, readings: Vec<Reading>, byte: u8, replays: usize) -> Vec<Reading> {
        let (mut next, mut kept) = (Vec::new(), Vec::new());
        readings.into_iter().for_each(|reading| self.step(reading, byte, replays, &mut next));
        next.into_iter().for_each(|reading| add(&mut kept, reading));
        kept
    }

    /// What a reading becomes with the next byte.
    fn step(&self, reading: Reading, byte: u8, replays: usize, next: &mut Vec<Reading>) {
        let (opens, space) = (self.opens(byte), self.space() == Some(byte));
        let Reading { state, copied, calls, unusual } = reading;
        let reading = |state, copied| Reading { state, copied, calls: calls.clone(), unusual };
        match state {
            State::Text | State::BehindBareCall => {
                if self.text.get(copied) == Some(&byte) {
                    next.push(reading(State::Text, copied + 1));
                }
                if opens {
                    next.push(reading(self.call(byte, false), copied));
                }
                if space {
                    next.push(reading(State::Space, copied));
                    if matches!(state, State::BehindBareCall) {
                        next.push(reading(State::Text, copied));
                    }
                }
                if byte.is_ascii_whitespace() {
                    let is_start = calls.is_empty() && self.text[..copied].trim_ascii_start().is_empty();
                    if is_start {
                        next.push(reading(State::Text, copied));
                    }
                    if self.text[copied..].trim_ascii_end().is_empty() {
                        next.push(reading(tail(byte), copied));
                    }
                }
            }
            State::Space if opens => next.push(reading(self.call(byte, true), copied)),
            State::Tail if byte.is_ascii_whitespace() => next.push(reading(tail(byte), copied)),
            State::Done => next.push(reading(State::Done, copied)),
            State::Space | State::Tail => {}
            State::Call { mut watch, mut seen, has_space, pieces } => {
                seen.push(byte);
                match watch.push(&[byte]).into_iter().next() {
                    // A result that the model makes up is part of the call.
                    None | Some(StreamEvent::AwaitsResult { .. }) => {
                        next.push(reading(State::Call { watch, seen, has_space, pieces }, copied));
                    }
                    Some(StreamEvent::Call { call, .. }) if replays < MAX_REPLAYS => {
                        let mut behind = reading(State::Text, copied);
                        let mut position = copied;
                        if !has_space {
                            behind.state = State::BehindBareCall;
                            behind.unusual += 1;
                            // It stands behind a space of the text, which it is printed with.
                            if copied > 0 && self.space() == Some(self.text[copied - 1]) {
                                position -= 1;
                            }
                        }
                        behind.calls.push(InsertedCall { position, name: call.name, args: call.args });
                        // A quote may have been open until the end of the line: what came behind the call is read now.
                        let mut behind = vec![behind];
                        for &byte in &seen[call.span.end..] {
                            behind = self.advance_in(behind, byte, replays + 1);
                        }
                        next.append(&mut behind);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Whether a call may begin with a byte.
    fn opens(&self, byte: u8) -> bool {
        self.syntax.bare_open().as_bytes().first() == Some(&byte)
    }

    /// The space that a call begins with.
    fn space(&self) -> Option<u8> {
        let space = self.syntax.open().strip_suffix(self.syntax.bare_open())?;
        <[u8; 1]>::try_from(space.as_bytes()).ok().map(|[space]| space)
    }

    /// A call of which the first byte is there.
    fn call(&self, byte: u8, has_space: bool) -> State {
        let mut watch = Box::new(CallWatch::new(self.syntax, 0));
        // A byte of the open marker decides nothing.
        let _ = watch.push(&[byte]);
        State::Call { watch, seen: vec![byte], has_space, pieces: 0 }
    }
}

/// Adds a reading, unless one that is as far has fewer unusual calls.
fn add(readings: &mut Vec<Reading>, reading: Reading) {
    let same = |other: &&mut Reading| {
        let is_same_state = match (&other.state, &reading.state) {
            (State::Call { seen, has_space, .. }, State::Call { seen: other, has_space: also, .. }) => {
                seen.len() == other.len() && has_space == also
            }
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        };
        is_same_state && other.copied == reading.copied
    };
    match readings.iter_mut().find(same) {
        Some(other) if other.unusual <= reading.unusual => {}
        Some(other) => *other = reading,
        None => readings.push(reading),
    }
}

/// Behind the whole text, with white space.
fn tail(byte: u8) -> State {
    if matches!(byte, b'\n' | b'\r') { State::Done } else { State::Tail }
}
