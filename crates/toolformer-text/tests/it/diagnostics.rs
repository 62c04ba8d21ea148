//! How diagnostics and calls are shown to people and to programs.

use toolformer_text::{Piece, Syntax, parse};

#[track_caller]
fn check(text: &str, expected: &str) {
    let document = parse(text, &Syntax::default());
    assert_eq!(document.diagnostics()[0].render(text), expected);
}

#[test]
fn the_line_is_shown_with_carets_and_advice() {
    check(
        "one\ntwo\r\nthree [A(b) c]\nfour",
        "unexpected text after the arguments of this call
  |
3 | three [A(b) c]
  |       ^^^^^^
  = close the call, or write an arrow before its result
",
    );
}

#[test]
fn columns_are_characters() {
    check(
        "ΑΒΓ🦀 [A(b)",
        "this call is not closed on its line
  |
1 | ΑΒΓ🦀 [A(b)
  |      ^^^^^
  = add the closing marker
",
    );
}

#[test]
fn a_long_line_is_cut() {
    let text = format!("{}[A(b) x{}", "é".repeat(500), "ü".repeat(500));
    let shown = parse(&text, &Syntax::default()).diagnostics()[0].render(&text);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[2], format!("1 | …{}[A(b) x{}…", "é".repeat(32), "ü".repeat(57)));
    assert_eq!(lines[3], format!("  | {}^^^^^^", " ".repeat(33)));
}

#[test]
fn a_foreign_text_does_not_panic() {
    let text = "word [A(b) x";
    let document = parse(text, &Syntax::default());
    for other in ["", "é", "éééééé", "\n\n\n\n\n\n\n"] {
        assert!(!document.diagnostics()[0].render(other).is_empty());
    }
}

#[test]
fn json_is_that_of_the_command_line() {
    let document = parse("x [Calculator(400 / 1400)] [A(b", &Syntax::default()).clone();
    assert_eq!(
        serde_json::to_string(&document).unwrap(),
        r#"{"calls":[{"span":[2,26],"name":"Calculator","args":"400 / 1400","result":null}],"#.to_owned()
            + r#""diagnostics":[{"span":[27,31],"kind":"unclosed_arguments","message":"the arguments of this "#
            + r#"call are not closed on its line: add the `)` that matches the first `(`; put a lone "#
            + r#"parenthesis into quotes; a call may not span lines"}]}"#
    );
}

#[test]
fn pieces_alternate() {
    let document = parse("a [A(b)][C(d)] e", &Syntax::default());
    let shown: Vec<&str> = document
        .pieces()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Call { raw, .. } => raw,
        })
        .collect();
    assert_eq!(shown, ["a ", "[A(b)]", "[C(d)]", " e"]);
}

#[test]
fn all_at_once_as_one_by_one() {
    let text = "[a(\r\n\r[b(x) y é\n".to_owned() + &"[c(".repeat(100) + "\n[d(1)]\r[e(2) z";
    let document = parse(&text, &Syntax::default());
    let one_by_one: Vec<_> =
        document.diagnostics().iter().map(|diagnostic| diagnostic.render(&text)).collect();
    assert_eq!(document.rendered_diagnostics().collect::<Vec<_>>(), one_by_one);
    assert!(one_by_one[0].contains("\n1 | [a(\n"));
    assert!(one_by_one[1].contains("\n3 | [b(x) y é\n"));
    assert!(one_by_one.last().unwrap().contains("\n6 | [e(2) z\n"));
}

/// Time grows with the text, not with its square: this would take hours.
#[test]
fn many_of_them() {
    for text in ["[a(\n".repeat(250_000), "[a(".repeat(300_000)] {
        let document = parse(&text, &Syntax::default());
        assert_eq!(document.rendered_diagnostics().count(), document.diagnostics().len());
    }
}
