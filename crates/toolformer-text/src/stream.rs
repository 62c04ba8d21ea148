//! Finds calls in a text that comes piece by piece.

use crate::{
    Call, Diagnostic, DiagnosticKind, Syntax,
    find::{Found, find_calls},
    reader::{Reader, Reading},
    work::Work,
};

/// So many bytes of an unfinished line may be read for each byte it has.
const READ_PER_BYTE: usize = 4;

/// What a [`StreamParser`] found. Texts and raw calls, joined, are what it was fed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEvent {
    /// Text that is no call; never empty.
    Text(String),
    /// The stream stands behind `[name(args) ->`: run the tool and push [`Syntax::response`]. Said once for a
    /// call, and not where its end came with the same chunk.
    AwaitsResult {
        /// The tool's name.
        name: String,
        /// The text between the parentheses, trimmed.
        args: String,
        /// The byte after the arrow, counted from the start of the stream. What was pushed behind it, if
        /// anything, is the end of [`StreamParser::held`].
        end: usize,
    },
    /// A call is complete. Without a [`result`](Call::result) it needs one.
    Call {
        /// The call; its spans count from the start of the stream.
        call: Call,
        /// How it is written.
        raw: String,
    },
    /// What began like a call is none. It comes as [`StreamEvent::Text`] too.
    Diagnostic(Diagnostic),
}

/// Where a [`StreamParser`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// In plain text, or where `[` and a name *may* begin a call: then that much is [held](StreamParser::held).
    Text,
    /// `[name(` is there.
    InCall,
    /// `[name(args) ->` is there.
    AwaitsResult,
}

/// Finds calls in a text that comes in chunks, such as the tokens of a model, and says what each chunk
/// decides. Chunks may be cut anywhere.
///
/// The calls and diagnostics are those that [`parse`](crate::parse) finds in the whole. They come with the
/// chunk that completes them, except where only the end of the line decides: while a quote is open its partner
/// may still come. Plain text is passed on at once; held back is only what may still become a call.
///
/// Time is linear in the stream, however it is cut. A text made to be read again and again (`[a([a([a(`, each
/// failing after the next) delays what is said about it, to the end of the line at most. Memory is that of the
/// largest chunk and of the undecided end of a line.
///
/// ```
/// use toolformer_text::{StreamEvent, StreamParser, StreamState, Syntax};
///
/// let syntax = Syntax::default();
/// let mut parser = StreamParser::new(&syntax);
/// assert_eq!(parser.push("It is [Calc(1 "), [StreamEvent::Text("It is ".into())]);
/// assert_eq!((parser.state(), parser.held()), (StreamState::InCall, "[Calc(1 "));
/// assert_eq!(parser.push("+ 1) -"), []);
///
/// let events = parser.push(">");
/// let [StreamEvent::AwaitsResult { name, args, .. }] = &events[..] else { panic!("{events:?}") };
/// assert_eq!((name.as_str(), args.as_str()), ("Calc", "1 + 1"));
///
/// let events = parser.push(&syntax.response("2"));
/// let [StreamEvent::Call { call, .. }] = &events[..] else { panic!("{events:?}") };
/// assert_eq!(call.result.as_deref(), Some("2"));
/// assert_eq!(parser.push(" in all."), [StreamEvent::Text(" in all.".into())]);
/// assert_eq!(parser.finish(), []);
/// ```
#[derive(Debug, Clone)]
pub struct StreamParser {
    syntax: Syntax,
    /// The end of the stream, from byte `offset` on.
    held: String,
    offset: usize,
    /// What of `held` was passed on.
    given: usize,
    /// What of `held` is decided; the reader begins there.
    decided: usize,
    /// Reads what may be a call.
    reader: Option<Reader>,
    /// The present call was said to await its result.
    announced: bool,
    work: Work,
}

impl StreamParser {
    /// A parser at the start of a text.
    pub fn new(syntax: &Syntax) -> Self {
        Self {
            syntax: syntax.clone(),
            held: String::new(),
            offset: 0,
            given: 0,
            decided: 0,
            reader: None,
            announced: false,
            work: Work::default(),
        }
    }

    /// Takes the next piece of the text, and says what it decides.
    pub fn push(&mut self, chunk: &str) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let fed = self.held.len();
        self.held.push_str(chunk);
        let newline = memchr::memrchr2(b'\n', b'\r', chunk.as_bytes());
        let line_start = newline.map_or(fed, |at| fed + at + 1);
        if newline.is_some() {
            self.settle(line_start, &mut events);
        }
        self.work.allowed += READ_PER_BYTE * (self.held.len() - line_start);
        let awaits = self.read_on(&mut events);
        self.give_text(&mut events);
        self.announced |= awaits.is_some();
        events.extend(awaits);
        self.forget();
        events
    }

    /// The text ends here: says what that decides.
    pub fn finish(mut self) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        self.settle(self.held.len(), &mut events);
        self.give_text(&mut events);
        events
    }

    /// Where it stands.
    pub fn state(&self) -> StreamState {
        match &self.reader {
            Some(reader) if reader.is_in_result() => StreamState::AwaitsResult,
            Some(reader) if reader.is_in_call() => StreamState::InCall,
            _ => StreamState::Text,
        }
    }

    /// What may still become a call, from its open marker (or a beginning of it) to the end of what was
    /// pushed. Empty in plain text.
    pub fn held(&self) -> &str {
        &self.held[self.decided..]
    }

    /// How much was pushed, in bytes. [`StreamParser::held`] ends there.
    pub fn position(&self) -> usize {
        self.offset + self.held.len()
    }

    /// Decides everything before `line_end`, where a line ends.
    fn settle(&mut self, line_end: usize, events: &mut Vec<StreamEvent>) {
        self.reader = None;
        self.announced = false;
        let Self { syntax, held, offset, given, decided, work, .. } = self;
        find_calls(&held[*decided..line_end], *offset + *decided, syntax, work, |found| match found {
            Found::Call(call) => {
                let (start, end) = (call.span.start - *offset, call.span.end - *offset);
                events.extend(text_event(held, given, start));
                *given = end;
                events.push(StreamEvent::Call { call, raw: held[start..end].to_owned() });
            }
            Found::NotACall(diagnostic) => {
                events.extend(text_event(held, given, diagnostic.span.start - *offset));
                events.push(StreamEvent::Diagnostic(diagnostic));
            }
        });
        *decided = line_end;
        work.allow_only(0);
    }

    /// Decides what can be decided of the unfinished line. Returns what to say if it ends in a call that
    /// awaits its result, unless that was said.
    fn read_on(&mut self, events: &mut Vec<StreamEvent>) -> Option<StreamEvent> {
        loop {
            if self.reader.is_none() && !self.find_open() {
                return None;
            }
            let reader = self.reader.get_or_insert_default();
            let rest = &self.held[self.decided..];
            let offset = self.offset + self.decided;
            match reader.read(rest, &self.syntax, &mut self.work) {
                Reading::Pending => return None,
                Reading::Awaits { .. } if self.announced => return None,
                Reading::Awaits { args, arrow } => {
                    return Some(StreamEvent::AwaitsResult {
                        name: rest[reader.name(&self.syntax)].to_owned(),
                        args: rest[args].trim().to_owned(),
                        end: offset + arrow.end,
                    });
                }
                Reading::Call(parts) => {
                    let raw = rest[..parts.end].to_owned();
                    let call = parts.call(rest, offset);
                    self.give_text(events);
                    self.decided += raw.len();
                    self.given = self.decided;
                    events.push(StreamEvent::Call { call, raw });
                }
                Reading::NotACall { kind: DiagnosticKind::NotAName, at } => {
                    self.decided =
                        self.held.ceil_char_boundary(self.decided + self.syntax.behind_no_name(at));
                }
                Reading::NotACall { kind, at } => {
                    let args_start = reader.args_start();
                    self.give_text(events);
                    self.decided += args_start;
                    events.push(StreamEvent::Diagnostic(Diagnostic { span: offset..offset + at, kind }));
                }
            }
            self.reader = None;
            self.announced = false;
        }
    }

    /// Goes on to the next open marker, or to what may be the beginning of one. `false` if there is neither.
    fn find_open(&mut self) -> bool {
        let rest = &self.held[self.decided..];
        let at = self.syntax.find_open(rest.as_bytes()).unwrap_or_else(|| self.syntax.partial_open(rest));
        self.work.spent += at;
        self.decided += at;
        self.decided < self.held.len()
    }

    /// Passes on the decided text.
    fn give_text(&mut self, events: &mut Vec<StreamEvent>) {
        events.extend(text_event(&self.held, &mut self.given, self.decided));
    }

    /// Forgets what was passed on, once that is the better half, so that what is kept is not moved too often.
    fn forget(&mut self) {
        if self.given >= self.held.len() - self.given {
            self.held.drain(..self.given);
            self.offset += self.given;
            self.decided -= self.given;
            self.given = 0;
        }
    }
}

/// The text from `given` to `to`.
fn text_event(held: &str, given: &mut usize, to: usize) -> Option<StreamEvent> {
    let text = &held[*given..to];
    *given = to;
    (!text.is_empty()).then(|| StreamEvent::Text(text.to_owned()))
}

#[cfg(test)]
mod tests;
