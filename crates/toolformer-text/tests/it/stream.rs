//! Calls in a text that comes in chunks.

use proptest::prelude::*;
use toolformer_text::{
    Call, Diagnostic, DiagnosticKind, StreamEvent, StreamParser, StreamState, Syntax, parse,
};

use crate::grammar::cases;

/// What a parser says when it is fed `chunks`, and whether that fits together.
#[derive(Default)]
struct Heard {
    text: String,
    calls: Vec<Call>,
    diagnostics: Vec<Diagnostic>,
    awaited: Vec<(String, String, usize)>,
    /// The last of them is neither closed nor given up.
    open: bool,
}

impl Heard {
    fn take(&mut self, events: Vec<StreamEvent>) {
        for event in events {
            match event {
                StreamEvent::Text(text) => {
                    assert_ne!(text, "");
                    self.text += &text;
                }
                StreamEvent::Call { call, raw } => {
                    assert_eq!(call.span, self.text.len()..self.text.len() + raw.len());
                    if std::mem::take(&mut self.open) {
                        let arrow_end = call.arrow_span.clone().unwrap().end;
                        let said = (call.name.clone(), call.args.clone(), arrow_end);
                        assert_eq!(self.awaited.last(), Some(&said));
                    }
                    self.text += &raw;
                    self.calls.push(call);
                }
                StreamEvent::Diagnostic(diagnostic) => {
                    if std::mem::take(&mut self.open) {
                        assert_eq!(diagnostic.kind, DiagnosticKind::UnclosedResult);
                    }
                    self.diagnostics.push(diagnostic);
                }
                StreamEvent::AwaitsResult { name, args, end } => {
                    assert!(!self.open);
                    self.open = true;
                    self.awaited.push((name, args, end));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn of<'c>(chunks: impl IntoIterator<Item = &'c str>, syntax: &Syntax) -> Self {
        let mut heard = Self::default();
        let mut parser = StreamParser::new(syntax);
        let mut fed = String::new();
        for chunk in chunks {
            heard.take(parser.push(chunk));
            fed += chunk;
            assert_eq!(heard.text.clone() + parser.held(), fed);
            assert_eq!(parser.position(), fed.len());
            assert_eq!(parser.state() == StreamState::AwaitsResult, heard.open, "{fed:?}");
        }
        heard.take(parser.finish());
        assert_eq!(heard.text, fed);
        heard
    }
}

/// Cut anywhere, the text holds the calls and diagnostics that `parse` finds.
#[track_caller]
fn check_chunks<'c>(text: &str, chunks: impl IntoIterator<Item = &'c str>, syntax: &Syntax) -> Heard {
    let heard = Heard::of(chunks, syntax);
    let document = parse(text, syntax);
    assert_eq!(heard.text, text);
    assert_eq!(heard.calls, document.calls(), "{text:?}");
    assert_eq!(heard.diagnostics, document.diagnostics(), "{text:?}");
    heard
}

fn chars(text: &str) -> impl Iterator<Item = &str> {
    text.split("").filter(|c| !c.is_empty())
}

/// `text` cut at these places, which need not be in order, nor in the text.
fn cut<'t>(text: &'t str, places: &[usize]) -> Vec<&'t str> {
    let mut places: Vec<usize> = places.iter().map(|&at| text.ceil_char_boundary(at)).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn check_everywhere(text: &str, syntax: &Syntax) {
    check_chunks(text, [text], syntax);
    check_chunks(text, chars(text), syntax);
    for first in 0..=text.len() {
        for second in first..=text.len() {
            check_chunks(text, cut(text, &[first, second]), syntax);
        }
    }
}

#[test]
fn every_case_of_the_grammar_cut_twice_anywhere() {
    for (text, _) in cases() {
        check_everywhere(&text, &Syntax::default());
    }
}

fn other_syntax() -> Syntax {
    Syntax::new(" <API>", "</API>", "~>>", &["→→"]).unwrap()
}

#[test]
fn every_case_of_the_grammar_with_other_markers() {
    for (text, _) in cases() {
        let text = text.replace('[', "<API>").replace(']', "</API>").replace("->", "~>>").replace('→', "→→");
        check_everywhere(&text, &other_syntax());
    }
}

/// The events of a text that comes character by character: `text` for a character that is passed on at once,
/// `_` for one that says nothing, and the names of other events, each in place of its character.
#[track_caller]
fn check_times(text: &str, expected: &str) {
    let mut parser = StreamParser::new(&Syntax::default());
    let mut shown = String::new();
    for c in chars(text) {
        let events = parser.push(c);
        if events.is_empty() {
            shown.push('_');
        }
        for event in events {
            match event {
                StreamEvent::Text(text) => shown += &text,
                StreamEvent::Call { call, .. } => shown += if call.result.is_some() { "{R}" } else { "{C}" },
                StreamEvent::AwaitsResult { .. } => shown += "{A}",
                StreamEvent::Diagnostic(_) => shown += "{D}",
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(shown, expected);
}

#[test]
fn events_come_with_the_character_that_decides() {
    check_times("It is [Calc(1 + 1)] so", "It is ____________{C} so");
    check_times("It is [Calc(1 + 1) -> 2] so", "It is ______________{A}__{R} so");
    check_times("[A(b)→c][D(e)]", "_____{A}_{R}_____{C}");
    check_times("[A('b)]') ->]", "___________{A}{C}");
    check_times("see [1] or [a b] é", "see _[1] or __[a b] é");
    check_times("[[A(b)]]", "_[____{C}]");
    check_times("[note(a) and", "_________{D}[note(a) and");
    check_times("[A(b) -x", "_______{D}[A(b) -x");
    check_times("[A(b\nc", "____{D}[A(b\nc");
    check_times("[A(\"b) x\ny", "________{D}[A(\"b) x\ny");
    // Without heeding the quotes it is a call.
    check_times("[A('b)] ' c) d", "_____________{C} ' c) d");
    check_times("[A('b) ' c)' d)] e", "___________{D}[A('b) ' c)' d)] e");
    check_times("[a(')]'a [b(c)]\nd", "_______________{C}'a {C}\nd");
}

#[test]
fn a_decoder_pauses_runs_the_tool_and_goes_on() {
    let syntax = Syntax::default();
    let mut parser = StreamParser::new(&syntax);
    let mut heard = Heard::default();
    for token in ["The", " sum", " [", "Calc", "(1", " +", " 1", ")", " ->", " is", " that", ".\n"] {
        heard.take(parser.push(token));
        if parser.state() == StreamState::AwaitsResult {
            assert_eq!(heard.awaited, [("Calc".to_owned(), "1 + 1".to_owned(), 23)]);
            assert_eq!(parser.held(), "[Calc(1 + 1) ->");
            heard.take(parser.push(&syntax.response("2")));
            assert_eq!((parser.state(), parser.held()), (StreamState::Text, ""));
        }
    }
    heard.take(parser.finish());
    assert_eq!(heard.text, "The sum [Calc(1 + 1) -> 2] is that.\n");
    assert_eq!(heard.calls[0].result.as_deref(), Some("2"));
}

#[test]
fn a_call_that_comes_whole_is_not_said_to_await() {
    let heard = Heard::of(["x [A(b) -> c] [D(e) -> f", "]"], &Syntax::default());
    assert_eq!(heard.awaited, [("D".to_owned(), "e".to_owned(), 22)]);
    assert_eq!(heard.calls.len(), 2);
}

#[test]
fn an_empty_chunk_changes_nothing() {
    let heard = Heard::of(["", "[A(b)", "", " ->", "", " c", "", "]", ""], &Syntax::default());
    assert_eq!((heard.awaited.len(), heard.calls.len()), (1, 1));
    assert!(StreamParser::new(&Syntax::default()).finish().is_empty());
}

const PIECES: &[&str] = &[
    "[", "]", "(", ")", "'", "\"", "\\", "->", "→", "-", ">", " ", "\t", "\n", "\r", "a", "9", ".", "é",
    "🦀", "[a(", "[b(1)", ")]", ") -> ", "[c('x')]", "' ", "\" ",
];

const OTHER_PIECES: &[&str] = &[
    "<",
    "<API>",
    "<AP",
    "API>",
    "</API>",
    "</",
    "/API>",
    "~>>",
    "~",
    ">>",
    "→→",
    "→",
    "(",
    ")",
    "'",
    "\"",
    "\\",
    " ",
    "\n",
    "a",
    "é",
    "<API>a(",
    "<API>b(1)",
    ")</API>",
    ") ~>> ",
];

/// A text made of `pieces`, and where to cut it.
fn cut_text(pieces: &'static [&'static str]) -> impl Strategy<Value = (String, Vec<usize>)> {
    let text = prop::collection::vec(prop::sample::select(pieces), 0..32).prop_map(|p| p.concat());
    (text, prop::collection::vec(0..64_usize, 0..6))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_cut_anywhere((text, places) in cut_text(PIECES)) {
        let syntax = Syntax::default();
        check_chunks(&text, cut(&text, &places), &syntax);
        check_chunks(&text, chars(&text), &syntax);
        let text = format!("[a({text}");
        check_chunks(&text, cut(&text, &places), &syntax);
        check_chunks(&text, chars(&text), &syntax);
    }

    #[test]
    fn any_text_with_other_markers((text, places) in cut_text(OTHER_PIECES)) {
        let syntax = other_syntax();
        check_chunks(&text, cut(&text, &places), &syntax);
        check_chunks(&text, chars(&text), &syntax);
    }

    /// Open markers that are letters, overlap themselves, or end as a name does.
    #[test]
    fn any_text_with_strange_markers(
        (text, places) in cut_text(&["a", "-", "ab", "aba", "b", "(", ")", "]", "x", "~", "\n", "<a<", "<", "é"]),
        open in prop::sample::select(&["a", "aba", "a-", "<a<", "é-é"][..]),
    ) {
        let syntax = Syntax::new(open, "]", "~", &[]).unwrap();
        check_chunks(&text, cut(&text, &places), &syntax);
        check_chunks(&text, chars(&text), &syntax);
        let regex_like = slow_starts(&text, open);
        let document = parse(&text, &syntax);
        for call in document.calls() {
            prop_assert!(regex_like.contains(&call.span.start));
        }
        prop_assert_eq!(document.calls().len() + document.diagnostics().len() > 0, !regex_like.is_empty());
    }
}

/// Where `open`, a name and `(` stand.
fn slow_starts(text: &str, open: &str) -> Vec<usize> {
    let starts = text.char_indices().map(|(at, _)| at).filter(|&at| {
        let name = text[at..].strip_prefix(open).and_then(|rest| rest.split_once('('));
        name.is_some_and(|(name, _)| toolformer_text::is_valid_name(name))
    });
    starts.collect()
}
