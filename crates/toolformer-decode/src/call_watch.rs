//! Finds calls in the bytes of a row while it is written.

use toolformer_text::{StreamEvent, StreamParser, Syntax};

/// Follows a row's text from token to token, so that a token such as ` [C` or `)]` cannot hide a call. Each byte
/// is read once.
///
/// Tokens are bytes, and a character may be cut by two of them: what is no text yet waits. Bytes that can never
/// be text are read as `?` each, so that places in the text are places in the row.
#[derive(Clone, Debug)]
pub struct CallWatch {
    parser: StreamParser,
    open: String,
    /// The beginning of a character.
    cut: Vec<u8>,
    /// Where in the row the parser began.
    from: usize,
}

impl CallWatch {
    /// Watches a row from its byte `from` on.
    pub fn new(syntax: &Syntax, from: usize) -> Self {
        let open = syntax.bare_open().to_owned();
        Self { parser: StreamParser::new(syntax), open, cut: Vec::new(), from }
    }

    /// Takes the next token's bytes. Places in the events are counted from where the watch began; see
    /// [`CallWatch::in_row`].
    pub fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        self.cut.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.cut.len());
        let mut taken = 0;
        for chunk in self.cut.utf8_chunks() {
            text.push_str(chunk.valid());
            taken += chunk.valid().len();
            let broken = chunk.invalid();
            let may_go_on = taken + broken.len() == self.cut.len()
                && std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_none());
            if !may_go_on {
                text.extend(std::iter::repeat_n('?', broken.len()));
                taken += broken.len();
            }
        }
        self.cut.drain(..taken);
        self.parser.push(&text)
    }

    /// A place in the events as a byte of the row.
    pub fn in_row(&self, place: usize) -> usize {
        self.from + place
    }

    /// Whether the last token has left a character open.
    pub fn is_within_character(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Up to where in the row the text can be part of no call that is still being written.
    pub fn settled(&self) -> usize {
        self.in_row(self.parser.position() - self.parser.held().len())
    }

    /// Where in the row the call begins that is being written, if one is: its open marker is there and nothing
    /// has shown yet that it is no call.
    pub fn call_start(&self) -> Option<usize> {
        let held = self.parser.held();
        held.starts_with(&self.open).then(|| self.in_row(self.parser.position() - held.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the call begins that awaits its result, and where its arrow ends.
    fn awaited(tokens: &[&[u8]]) -> Vec<(Option<usize>, usize, String)> {
        let mut watch = CallWatch::new(&Syntax::default(), 10);
        let mut found = Vec::new();
        for token in tokens {
            for event in watch.push(token) {
                if let StreamEvent::AwaitsResult { args, end, .. } = event {
                    found.push((watch.call_start(), watch.in_row(end), args));
                }
            }
        }
        found
    }

    #[test]
    fn characters_cut_by_tokens() {
        let tokens: [&[u8]; 6] =
            [b"so", " \u{2192}".as_bytes(), b" [A(\xc3", b"\xa9\xe2", b"\x82", b"\xac) ->"];
        assert_eq!(awaited(&tokens), [(Some(17), 29, "é€".to_owned())]);
    }

    #[test]
    fn what_is_no_text_keeps_its_length() {
        assert_eq!(
            awaited(&[b"\xff\xff[A(\xc3", b"(\xe2\x82", b")) ->"]),
            [(Some(12), 24, "?(??)".to_owned())]
        );
    }

    #[test]
    fn a_call_is_being_written_until_it_is_none() {
        let mut watch = CallWatch::new(&Syntax::default(), 0);
        let mut start = |token: &[u8]| {
            watch.push(token);
            watch.call_start()
        };
        assert_eq!(start(b"a ["), Some(2));
        assert_eq!(start(b"B"), Some(2));
        assert_eq!(start(b" ["), Some(5));
        assert_eq!(start(b"b()"), Some(5));
        assert_eq!(start(b"]"), None);
    }
}
