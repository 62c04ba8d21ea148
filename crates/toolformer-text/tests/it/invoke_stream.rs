//! Texts invoked as they come.

use std::io::{self, BufRead, BufReader, Read};

use proptest::prelude::*;
use toolformer_text::{FnTool, InvokeStreamError, Invoker, Policy, Registry, Syntax, ToolError};

fn tools() -> Registry {
    let mut tools = Registry::new();
    let answer = |args: &str| match args {
        "x" => Err(ToolError::failed("no")),
        args => Ok(format!("{args}\" )] [Tool(1)\n")),
    };
    tools.insert(FnTool::new("Tool", "", answer)).unwrap();
    tools
}

/// Gives its bytes in pieces of a given size, with interruptions.
struct Pieces<'b>(&'b [u8], usize, bool);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = self.1.min(buffer.len()).min(self.0.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

#[track_caller]
fn check_stream(text: &str, size: usize, policy: Policy) {
    let (tools, syntax) = (tools(), Syntax::default());
    let invoker = Invoker::new(&tools, &syntax).policy(policy);
    let whole = invoker.text(text).unwrap();
    let (mut out, mut calls) = (Vec::new(), Vec::new());
    let input = BufReader::new(Pieces(text.as_bytes(), size, false));
    invoker.stream(input, &mut out, |call| calls.push(call)).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), whole.text);
    assert_eq!(calls, whole.calls);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_the_whole_text(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["[Tool(a)]", "[Tool(x)]", "[Tool(", "\n", "\r\n", "\r", "é", "\"", "(", ")", "]", " "]),
            0..20,
        ),
        size in 1_usize..9,
    ) {
        for policy in [Policy::Leave, Policy::Drop, Policy::Mark] {
            check_stream(&pieces.concat(), size, policy);
        }
    }
}

/// Fails the test if more is read before a line is written.
struct Conversation<'o> {
    lines: Vec<&'static [u8]>,
    out: &'o std::cell::RefCell<Vec<u8>>,
}

impl Read for Conversation<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl BufRead for Conversation<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let answered = self.out.borrow().iter().filter(|&&byte| byte == b'\n').count();
        Ok(self.lines.get(answered).copied().unwrap_or_default())
    }

    fn consume(&mut self, _: usize) {}
}

#[test]
fn every_line_is_answered_before_the_next_is_read() {
    struct Out<'o>(&'o std::cell::RefCell<Vec<u8>>);
    impl io::Write for Out<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let out = std::cell::RefCell::default();
    let (tools, syntax) = (tools(), Syntax::default());
    let input = Conversation { lines: vec![b"a [Tool(x)]\n", b"b\n", b"c [Tool(x)]\n"], out: &out };
    Invoker::new(&tools, &syntax).policy(Policy::Drop).stream(input, Out(&out), |_| ()).unwrap();
    assert_eq!(out.take(), b"a\nb\nc\n");
}

#[test]
fn errors() {
    let (tools, syntax) = (tools(), Syntax::default());
    let invoker = Invoker::new(&tools, &syntax).policy(Policy::Fail);
    let run =
        |text: &[u8]| invoker.stream(Pieces(text, 4, false).buffered(), io::sink(), |_| ()).unwrap_err();
    assert!(matches!(run(b"abc\n\xff\n"), InvokeStreamError::NotUtf8 { at: 4 }));
    let (mut out, mut calls) = (Vec::new(), Vec::new());
    let text = b"a\nb [Tool(1)]\nc \xff\nd\n";
    let error =
        Invoker::new(&tools, &syntax).stream(&text[..], &mut out, |call| calls.push(call)).unwrap_err();
    assert!(matches!(error, InvokeStreamError::NotUtf8 { at: 16 }), "{error}");
    assert!(
        out.starts_with(b"a\nb ") && out.ends_with(b"\n") && !out.contains(&b'c'),
        "what came before is there"
    );
    assert_eq!(calls.iter().map(|call| call.line).collect::<Vec<_>>(), [2]);
    let InvokeStreamError::Invoke(toolformer_text::InvokeError::Call { span, line, .. }) =
        run("é\r\n\n [Tool(x)]\n".as_bytes())
    else {
        panic!("another error")
    };
    assert_eq!((span, line), (6..15, 3));
}

trait Buffered: Read + Sized {
    fn buffered(self) -> BufReader<Self> {
        BufReader::new(self)
    }
}

impl<R: Read> Buffered for R {}
