//! Calls while they are being written.

use toolformer_text::{DiagnosticKind, Progress, Syntax};

/// The answer in short: `pending`, `awaits NAME ARGS END`, `closed NAME ARGS RESULT END`, `no KIND`.
#[track_caller]
fn check(generated: &str, expected: &str) {
    let shown = match Syntax::default().progress(generated) {
        Progress::Pending => "pending".to_owned(),
        Progress::AwaitsResult { name, args, end } => format!("awaits {name} {args} {end}"),
        Progress::Closed { call, end } => {
            assert_eq!(call.span, 0..end);
            format!("closed {} {} {} {end}", call.name, call.args, call.result.as_deref().unwrap_or("-"))
        }
        Progress::NotACall(kind) => format!("no {kind:?}"),
    };
    assert_eq!(shown, expected, "{generated:?}");
}

#[test]
fn token_by_token() {
    for pending in
        ["", "[", "[C", "[Calc", "[Calc(", "[Calc(1", "[Calc((1)", "[Calc(1)", "[Calc(1) ", "[Calc(1) -"]
    {
        check(pending, "pending");
    }
    check("[Calc(1) ->", "awaits Calc 1 11");
    check("[Calc(1)→", "awaits Calc 1 11");
    check("[Calc( 1 ) ->  2", "awaits Calc 1 13");
    check("[Calc(1) -> [2]", "awaits Calc 1 11");
    check("[Calc(1) ->]", "closed Calc 1 - 12");
    check("[Calc(1) -> 2]", "closed Calc 1 2 14");
    check("[Calc(1)]", "closed Calc 1 - 9");
    check("[Calc(1)] and [Calc(2)]", "closed Calc 1 - 9");
}

#[test]
fn not_a_call() {
    for name in ["x", " [Calc(1)]", "[1", "[ ", "[]", "[Calc ", "[Calc]", "[Calc\n", "[é", "[-"] {
        check(name, "no NotAName");
    }
    check("[Calc(1\n", "no UnclosedArguments");
    check("[Calc(1)\n", "no UnclosedCall");
    check("[Calc(1) x", "no UnexpectedText");
    check("[Calc(1) -x", "no UnexpectedText");
    check("[Calc(1) -> 2\n", "no UnclosedResult");
}

#[test]
fn quotes() {
    check("[QA(\"a) ->", "pending");
    check("[QA(\"a)]\")", "pending");
    check("[QA(\"a)]\")]", "closed QA \"a)]\" - 11");
    check("[QA(don't) ->", "awaits QA don't 13");
    check("[QA(say \"hi)] and", "pending");
    check("[QA(say \"hi)] and\n", "closed QA say \"hi - 13");
}

#[test]
fn other_markers() {
    let syntax = Syntax::new(" <API>", "</API>", "=>>".replace('=', "~").as_str(), &[]).unwrap();
    assert_eq!(syntax.progress("<AP"), Progress::Pending);
    assert_eq!(syntax.progress("<API>A(b) ~"), Progress::Pending);
    assert!(matches!(syntax.progress("<API>A(b) ~>>"), Progress::AwaitsResult { end: 13, .. }));
    assert!(matches!(syntax.progress("<API>A(b)</API>"), Progress::Closed { end: 15, .. }));
    assert_eq!(syntax.progress("[A(b)]"), Progress::NotACall(DiagnosticKind::NotAName));
}
