use super::*;
use crate::{find::tests::hostile, parse};

/// Feeds `text` in chunks of at least `length` bytes; returns the work done.
fn feed(text: &str, length: usize, syntax: &Syntax) -> usize {
    let mut parser = StreamParser::new(syntax);
    let mut events = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let to = text.ceil_char_boundary(from.saturating_add(length));
        events.extend(parser.push(&text[from..to]));
        assert!(parser.given <= parser.held.len() - parser.given, "it keeps what was passed on");
        from = to;
    }
    let undecided = parser.held().len();
    let work = parser.work.spent;
    events.extend(parser.finish());

    let document = parse(text, syntax);
    let calls = events.iter().filter(|event| matches!(event, StreamEvent::Call { .. })).count();
    let diagnostics = events.iter().filter(|event| matches!(event, StreamEvent::Diagnostic(_))).count();
    assert_eq!((calls, diagnostics), (document.calls().len(), document.diagnostics().len()));
    // What `finish` still does: search, read forward twice, fill four tables.
    work + 7 * undecided
}

/// However a text is cut, each byte is read so many times at most.
#[test]
fn work_on_a_stream_is_linear() {
    const SIZE: usize = 20_000;
    let syntax = Syntax::default();
    for line in hostile(SIZE) {
        let lines = (line.clone() + "\n").repeat(3);
        for text in [line, lines] {
            for length in [1, 4, 1000, usize::MAX] {
                let work = feed(&text, length, &syntax);
                // Once to search, four times before the end of the line, seven times there.
                let most = 12 * text.len() + 8;
                assert!(work <= most, "{work} for {} in chunks of {length}", &text[..24]);
            }
        }
    }
}

/// What cannot be decided at once is decided as soon as reading has caught up, not only where the line ends.
#[test]
fn a_delay_is_made_up_for() {
    let syntax = Syntax::default();
    let mut parser = StreamParser::new(&syntax);
    let count = 1000;
    let nested = "[a(".repeat(count) + "x" + &")y".repeat(count);
    let events = parser.push(&nested);
    assert!(events.len() < count, "this was meant to be delayed");
    // Each of the candidates is read to its own end: so much work has to be earned.
    let prose = "and so on ".repeat(nested.len() * count / 10);
    let diagnostics = |events: &[StreamEvent]| {
        events.iter().filter(|event| matches!(event, StreamEvent::Diagnostic(_))).count()
    };
    let delayed = parser.push(&prose);
    assert_eq!(diagnostics(&events) + diagnostics(&delayed), count);
    assert_eq!((parser.state(), parser.held()), (StreamState::Text, ""));
    let [StreamEvent::Call { .. }] = &parser.push("[a(b)]")[..] else { panic!("it lags behind") };
}
