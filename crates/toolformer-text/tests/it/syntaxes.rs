//! Markers and printed calls.

use toolformer_text::{Syntax, SyntaxError, is_valid_name, parse};

#[test]
fn the_papers_markers() {
    let syntax = Syntax::default();
    assert_eq!((syntax.open(), syntax.bare_open(), syntax.close()), (" [", "[", "]"));
    assert_eq!((syntax.arrow(), syntax.other_arrows()), ("->", &["→".to_owned()][..]));
    assert_eq!(syntax.call("A", "b"), " [A(b)]");
    assert_eq!(syntax.call_awaiting("A", "b"), " [A(b) ->]");
    assert_eq!(syntax.call_with_result("A", "b", "c"), " [A(b) -> c]");
    assert_eq!(syntax.response("c"), " c]");
}

#[test]
fn the_markers_of_toolformer_pytorch() {
    let syntax = Syntax::lucidrains();
    assert_eq!((syntax.open(), syntax.bare_open(), syntax.close()), (" [", "[", "]"));
    assert_eq!((syntax.arrow(), syntax.other_arrows()), ("→", &["->".to_owned()][..]));
    let text = "[A(b) -> c] [A(b) → c] [A(b)]";
    assert_eq!(parse(text, &syntax), parse(text, &Syntax::default()));
}

#[track_caller]
fn check_refused(open: &str, close: &str, arrow: &str, expected: &str) {
    let error = Syntax::new(open, close, arrow, &[]).unwrap_err();
    assert_eq!(error.to_string().split(';').next().unwrap(), expected);
}

#[test]
fn markers_that_cannot_work() {
    check_refused(" ", "]", "->", "the open marker is empty");
    check_refused(" [", "", "->", "the close marker is empty");
    check_refused(" [", "]", " ->", "the arrow marker ` ->` holds ` `");
    check_refused("(", "]", "->", "the open marker `(` holds `(`");
    check_refused("[", "]", "=>", "the arrow marker `=>` holds `=`");
    check_refused("[", "[/", "->", "the markers `[` and `[/` cannot be told apart");
    assert!(matches!(Syntax::new("[", "]]", "->", &[]), Err(SyntaxError::SelfOverlap { .. })));
    assert!(matches!(Syntax::new("[", "]", "->", &["]-"]), Err(SyntaxError::Ambiguous { .. })));
}

#[test]
fn other_markers() {
    let syntax = Syntax::new(" <API>", "</API>", "->", &["→"]).unwrap();
    let text = format!("x{} [A(b)]{}", syntax.call("A", "b"), syntax.call_with_result("C", "d", "e"));
    assert_eq!(text, "x <API>A(b)</API> [A(b)] <API>C(d) -> e</API>");
    let document = parse(&text, &syntax);
    let names: Vec<&str> = document.calls().iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["A", "C"]);
    assert_ne!(syntax, Syntax::default());
}

#[test]
fn names() {
    assert!(["A", "a.b", "_", "a1", "Wiki_Search.v2"].into_iter().all(is_valid_name));
    assert!(["", "1a", ".a", "a b", "a-b", "é", "a(", "a\n"].into_iter().all(|name| !is_valid_name(name)));
}
