//! Calls byte by byte, against the parser.

use proptest::prelude::*;
use toolformer_text::{
    ArgumentGrammar, CallEnds, CallGrammar, FnTool, Progress, Registry, Syntax, ToolError,
};

/// Tools of these names that take any text.
fn tools(names: &[&str]) -> Registry {
    let mut registry = Registry::new();
    for name in names {
        let tool = FnTool::new(*name, "", |_: &str| Err(ToolError::NoResult));
        registry.insert(tool.with_argument_grammar(ArgumentGrammar::anything())).unwrap();
    }
    registry
}

fn grammar(names: &[&str], syntax: &Syntax, ends: CallEnds) -> CallGrammar {
    CallGrammar::new(tools(names).tools(), syntax, ends).unwrap()
}

/// How many bytes of `text` are read until a call to `a` or `a.b` is complete; `None` if it is refused or does not
/// end.
fn complete(text: &str, ends: CallEnds) -> Option<usize> {
    let grammar = grammar(&["a", "a.b"], &Syntax::default(), ends);
    let mut position = grammar.start();
    for (at, byte) in text.bytes().enumerate() {
        position = grammar.step(position, byte)?;
        if position.is_complete() {
            return Some(at + 1);
        }
    }
    None
}

#[track_caller]
fn check(text: &str, ends: CallEnds, expected: Option<usize>) {
    assert_eq!(complete(text, ends), expected, "{text}");
}

#[test]
fn names_arguments_and_ends() {
    check("a(1)]", CallEnds::Either, Some(5));
    check("a(1)]", CallEnds::Closed, Some(5));
    check("a(1)]", CallEnds::Arrow, None);
    check("a(1) ->", CallEnds::Arrow, Some(7));
    check("a(1) ->", CallEnds::Closed, None);
    check("a(1)\t→ 5", CallEnds::Either, Some(8));
    check("a.b()]", CallEnds::Either, Some(6));
    check("a.()]", CallEnds::Either, None);
    check("b()]", CallEnds::Either, None);
    check("a ()]", CallEnds::Either, None);
    check("a((1) + (2))]", CallEnds::Either, Some(13));
    check("a((1)]", CallEnds::Either, None);
    check("a(1\n)]", CallEnds::Either, None);
    check("a(1) x", CallEnds::Either, None);
    check("a(don't)]", CallEnds::Either, Some(9));
    check("a(\"(\")]", CallEnds::Either, Some(7));
    check("a('(' + ')')]", CallEnds::Either, Some(13));
    check("a('it's')]", CallEnds::Either, Some(10));
    check("a('\\') ')]", CallEnds::Either, Some(10));
    check("a(é' (é)')]", CallEnds::Either, None);
    check("a(')]", CallEnds::Either, None);
}

#[test]
fn what_is_no_text_is_refused() {
    let grammar = grammar(&["a"], &Syntax::default(), CallEnds::Either);
    let read = |bytes: &[u8]| grammar.read(grammar.start(), bytes).is_some();
    assert!(read(b"a(\xc3\xa9") && read(b"a(\xe2\x82") && read(b"a(\xf0\x9f\x98\x80)]"));
    assert!(!read(b"a(\xff") && !read(b"a(\xc3(") && !read(b"a(\xed\xa0\x80") && !read(b"a(\xe2)"));
}

#[test]
fn other_markers() {
    let syntax = Syntax::new(" <call>", "</call>", "=>", &[]);
    assert!(syntax.is_err(), "`=` is the grammar's own");
    let syntax = Syntax::new(" <call>", "</call>", "~>", &[]).unwrap();
    let grammar = grammar(&["a"], &syntax, CallEnds::Either);
    let ends =
        |text: &str| grammar.read(grammar.start(), text.as_bytes()).is_some_and(|end| end.is_complete());
    assert!(ends("a(x)</call>") && ends("a(x) ~>") && !ends("a(x)</call") && !ends("a(x)]"));
}

#[test]
fn grammars_that_cannot_be() {
    let check = |registry: &Registry, text: &str| {
        let error = CallGrammar::new(registry.tools(), &Syntax::default(), CallEnds::Either).unwrap_err();
        assert!(error.to_string().starts_with(text), "{error}");
    };
    let with = |pattern: &str| {
        let mut registry = Registry::new();
        let tool = FnTool::new("T", "", |_: &str| Err(ToolError::NoResult));
        registry.insert(tool.with_argument_grammar(ArgumentGrammar::matching(pattern))).unwrap();
        registry
    };
    check(&Registry::new(), "there are no tools");
    check(&with("(1"), "the argument grammar of the tool `T` cannot be used: regex parse error");
    check(&with("[a&&b]"), "the argument grammar of the tool `T` cannot be used: it matches nothing");
    check(&with("(?:a{1000}){1000}"), "the argument grammar of the tool `T` cannot be used");
}

fn argumentish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "(", ")", "'", "\"", "\\", "->", "→", "-", " ", "]", "a", "é", "1", "x'", "\n", ")]", ") ->", "[a(",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| format!("a({})", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    /// What the grammar takes the parser takes, as soon and with the same arguments; what it refuses it refuses, but
    /// for calls that hang on quotes without a partner.
    #[test]
    fn it_is_the_parsers(text in argumentish(), end in prop::sample::select(vec!["", "]", " ->", " → 1]"])) {
        let (text, syntax) = (text + end, Syntax::default());
        let written = |to: usize| format!("{}{}", syntax.bare_open(), &text[..to]);
        let complete = complete(&text, CallEnds::Either);
        let places = (1..=text.len()).filter(|&at| text.is_char_boundary(at));
        let found = places.into_iter().find_map(|at| match syntax.progress(&written(at)) {
            Progress::AwaitsResult { name, args, .. } => Some((at, name, args)),
            Progress::Closed { call, .. } => Some((at, call.name, call.args)),
            _ => None,
        });
        match (complete, found) {
            (Some(end), found) => {
                let (at, name, args) = found.unwrap();
                let close = text[..end].rfind(')').unwrap();
                prop_assert_eq!((at, name.as_str(), args.as_str()), (end, "a", text[2..close].trim()));
            }
            (None, found) => prop_assert!(found.is_none() || text.contains(['\'', '"']), "{}: {:?}", text, found),
        }
    }
}
