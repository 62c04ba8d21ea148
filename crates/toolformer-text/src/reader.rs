//! Reads one call from its open marker on, as far as the text goes, and goes on when there is more.
//!
//! Nothing is looked up or kept but a few numbers, and no byte is looked at twice, except that the arguments
//! are read again where heeding quotes leads to nothing. What only the end of the line can tell (a quote
//! without a partner is text) is left to the [tables of the line](crate::line_index).

use std::ops::Range;

use crate::{
    DiagnosticKind, Syntax, call::CallParts, quotes::QuoteMark, start::Start, syntax::is_name_byte,
    tail::Tail, work::Work,
};

/// The state between two bytes. Positions count from the open marker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    phase: Phase,
    /// The next byte to read.
    at: usize,
    name_end: usize,
    /// A quotation was skipped.
    quoted: bool,
    /// Where unexpected text stood when quotes were heeded; they are not any more.
    refused: Option<usize>,
}

#[derive(Debug, Clone, Default)]
enum Phase {
    #[default]
    Open,
    Name,
    Arguments {
        depth: usize,
    },
    Quotation {
        mark: u8,
        depth: usize,
    },
    /// Behind the `)` at `args_end`.
    Tail {
        args_end: usize,
    },
    Result {
        args_end: usize,
        arrow: (usize, usize),
        depth: usize,
    },
}

/// What is known of a call.
pub(crate) enum Reading {
    /// Nothing is decided yet.
    Pending,
    /// The arrow is there, but not the end.
    Awaits { args: Range<usize>, arrow: Range<usize> },
    /// It is a call.
    Call(CallParts),
    /// It is none, which became clear at byte `at`.
    NotACall { kind: DiagnosticKind, at: usize },
}

/// What one phase came to.
enum Step {
    /// The next one begins.
    Next,
    /// The text ends first, or no more work is allowed.
    Wait,
    Call(CallParts),
    NotACall(DiagnosticKind),
}

impl Reader {
    /// Begins behind the `(` of `start`.
    pub(crate) fn at_arguments(start: Start) -> Self {
        let name_end = start.name_end - start.at;
        Self { phase: Phase::Arguments { depth: 0 }, at: name_end + 1, name_end, ..Self::default() }
    }

    /// Where the arguments begin.
    pub(crate) fn args_start(&self) -> usize {
        self.name_end + 1
    }

    /// Where the name stands.
    pub(crate) fn name(&self, syntax: &Syntax) -> Range<usize> {
        syntax.bare_open().len()..self.name_end
    }

    /// Whether `[name(` is there.
    pub(crate) fn is_in_call(&self) -> bool {
        !matches!(self.phase, Phase::Open | Phase::Name)
    }

    /// Whether `[name(args) ->` is there.
    pub(crate) fn is_in_result(&self) -> bool {
        matches!(self.phase, Phase::Result { .. })
    }

    /// Reads on in `text`, which begins with the open marker, holds at least what it held before, and ends
    /// where its line does or earlier. An answer other than [`Reading::Pending`] and [`Reading::Awaits`] is
    /// final.
    pub(crate) fn read(&mut self, text: &str, syntax: &Syntax, work: &mut Work) -> Reading {
        loop {
            let from = self.at;
            let end = text.len().min(from.saturating_add(work.left()));
            let step = self.step(text, end, syntax);
            work.spent += self.at - from;
            match step {
                Step::Next => {}
                Step::Wait => return self.so_far(),
                Step::Call(parts) => return Reading::Call(parts),
                Step::NotACall(DiagnosticKind::UnexpectedText) if self.quoted && self.refused.is_none() => {
                    self.refused = Some(self.at);
                    self.at = self.args_start();
                    self.phase = Phase::Arguments { depth: 0 };
                }
                Step::NotACall(kind) => {
                    return Reading::NotACall { kind, at: self.refused.unwrap_or(self.at) };
                }
            }
        }
    }

    fn so_far(&self) -> Reading {
        match self.phase {
            Phase::Result { args_end, arrow: (from, to), .. } => {
                Reading::Awaits { args: self.args_start()..args_end, arrow: from..to }
            }
            _ => Reading::Pending,
        }
    }

    /// Reads one phase, up to `end` at most.
    fn step(&mut self, text: &str, end: usize, syntax: &Syntax) -> Step {
        match self.phase {
            Phase::Open => self.open(text, syntax),
            Phase::Name => self.name_bytes(&text.as_bytes()[..end], syntax),
            Phase::Arguments { depth } => self.arguments(text, end, depth),
            Phase::Quotation { mark, depth } => self.quotation(text, end, mark, depth),
            Phase::Tail { args_end } => self.tail(text, end, args_end, syntax),
            Phase::Result { args_end, arrow, depth } => {
                self.result(text, end, args_end, arrow, depth, syntax)
            }
        }
    }

    fn open(&mut self, text: &str, syntax: &Syntax) -> Step {
        let open = syntax.bare_open();
        if text.starts_with(open) {
            self.at = open.len();
            self.next(Phase::Name)
        } else if open.starts_with(text) {
            Step::Wait
        } else {
            Step::NotACall(DiagnosticKind::NotAName)
        }
    }

    fn name_bytes(&mut self, bytes: &[u8], syntax: &Syntax) -> Step {
        let first = syntax.bare_open().len();
        while let Some(&byte) = bytes.get(self.at) {
            if is_name_byte(byte, self.at == first) {
                self.at += 1;
            } else if byte == b'(' && self.at > first {
                self.name_end = self.at;
                self.at += 1;
                return self.next(Phase::Arguments { depth: 0 });
            } else {
                return Step::NotACall(DiagnosticKind::NotAName);
            }
        }
        Step::Wait
    }

    fn arguments(&mut self, text: &str, end: usize, mut depth: usize) -> Step {
        for (at, &byte) in (self.at..end).zip(&text.as_bytes()[self.at..end]) {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    self.at = at + 1;
                    return self.next(Phase::Tail { args_end: at });
                }
                b')' => depth -= 1,
                mark @ (b'\'' | b'"') if self.refused.is_none() && QuoteMark::opens_at(text, at) => {
                    self.quoted = true;
                    self.at = at + 1;
                    return self.next(Phase::Quotation { mark, depth });
                }
                _ => {}
            }
        }
        self.wait(end, Phase::Arguments { depth })
    }

    fn quotation(&mut self, text: &str, end: usize, mark: u8, depth: usize) -> Step {
        for (at, &byte) in (self.at..end).zip(&text.as_bytes()[self.at..end]) {
            if byte != mark {
                continue;
            }
            if at + 1 == text.len() {
                // What stands behind a mark tells whether it closes.
                return self.wait(at, Phase::Quotation { mark, depth });
            }
            if QuoteMark::closes_at(text, at) {
                self.at = at + 1;
                return self.next(Phase::Arguments { depth });
            }
        }
        self.wait(end, Phase::Quotation { mark, depth })
    }

    fn tail(&mut self, text: &str, end: usize, args_end: usize, syntax: &Syntax) -> Step {
        let spaces = text.as_bytes()[self.at..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        self.at += spaces.count();
        if self.at == end {
            return Step::Wait;
        }
        match syntax.tail(&text[self.at..]) {
            Tail::Close => self.call(args_end, None, syntax),
            Tail::Arrow(length) => {
                let arrow = (self.at, self.at + length);
                self.at = arrow.1;
                self.next(Phase::Result { args_end, arrow, depth: 0 })
            }
            Tail::Partial => Step::Wait,
            Tail::Other => Step::NotACall(DiagnosticKind::UnexpectedText),
        }
    }

    fn result(
        &mut self,
        text: &str,
        end: usize,
        args_end: usize,
        arrow: (usize, usize),
        mut depth: usize,
        syntax: &Syntax,
    ) -> Step {
        let (open, close) = (syntax.bare_open().as_bytes(), syntax.close().as_bytes());
        let bytes = text.as_bytes();
        let mut at = self.at;
        while at < end {
            if bytes[at] != open[0] && bytes[at] != close[0] {
                at += 1;
                continue;
            }
            let rest = &bytes[at..];
            if rest.starts_with(close) {
                if depth == 0 {
                    self.at = at;
                    return self.call(args_end, Some(arrow.0..arrow.1), syntax);
                }
                depth -= 1;
                at += close.len();
            } else if rest.starts_with(open) {
                depth += 1;
                at += open.len();
            } else if open.starts_with(rest) || close.starts_with(rest) {
                break;
            } else {
                at += 1;
            }
        }
        self.wait(at, Phase::Result { args_end, arrow, depth })
    }

    /// The call that ends with the close marker at this place.
    fn call(&mut self, args_end: usize, arrow: Option<Range<usize>>, syntax: &Syntax) -> Step {
        let close = self.at;
        self.at += syntax.close().len();
        let (name, args) = (self.name(syntax), self.args_start()..args_end);
        Step::Call(CallParts { name, args, arrow, close, end: self.at })
    }

    fn next(&mut self, phase: Phase) -> Step {
        self.phase = phase;
        Step::Next
    }

    fn wait(&mut self, at: usize, phase: Phase) -> Step {
        self.at = at;
        self.phase = phase;
        Step::Wait
    }
}
