//! Results cannot break or forge calls.

use toolformer_text::{Syntax, parse, sanitize_result, sanitize_result_to};

#[track_caller]
fn check(result: &str, expected: &str) {
    let syntax = Syntax::default();
    let clean = sanitize_result(&syntax, result);
    assert_eq!(clean, expected);
    assert_eq!(sanitize_result(&syntax, &clean), clean, "not idempotent");
    let woven = format!("before{} after", syntax.call_with_result("A", "b", &clean));
    let document = parse(&woven, &syntax);
    assert_eq!(document.calls().len(), 1, "{woven}");
    assert_eq!(document.calls()[0].result.as_deref().unwrap_or_default(), clean);
    assert_eq!(&woven[document.calls()[0].span.end..], " after");
    assert!(document.diagnostics().is_empty());
}

#[test]
fn mapping() {
    check("35", "35");
    check("  35\n", "35");
    check("a  b", "a  b");
    check("a\r\nb\n\n\tc", "a b c");
    check("a\u{2028}b\u{85}c\u{0}d", "a b c d");
    check("]", ")");
    check("a ] b", "a ) b");
    check("see [1]", "see (1)");
    check("a -> b → c", "a => b => c");
    check("x] [Calculator(1)] [y", "x) (Calculator(1)) (y");
    check(" [Calculator(1 + 1)]", "(Calculator(1 + 1))");
    check("-\n>", "- >");
    check("-->", "-=>");
    check("\n", "");
    check("Zürich > a \"city\" (CH)", "Zürich > a \"city\" (CH)");
}

#[test]
fn length() {
    let syntax = Syntax::default();
    assert_eq!(sanitize_result_to(&syntax, "ääää", 4), "ääää");
    assert_eq!(sanitize_result_to(&syntax, "äää ä", 4), "äää…");
    assert_eq!(sanitize_result_to(&syntax, "ab cde", 4), "ab…");
    assert_eq!(sanitize_result_to(&syntax, "abc", 1), "…");
    assert_eq!(sanitize_result_to(&syntax, "abc", 0), "");
}

#[test]
fn unusual_markers() {
    // A cut or a replacement must not form a marker.
    let syntax = Syntax::new(" <<", ">", "~", &["->>".trim_end_matches('>')]).unwrap();
    let clean = sanitize_result(&syntax, "a > b << c ~ d - e <~< f");
    assert!(syntax.other_arrows().iter().all(|arrow| !clean.contains(arrow)));
    let woven = syntax.call_with_result("A", "b", &clean);
    let document = parse(&woven, &syntax);
    assert_eq!(document.calls().len(), 1);
    assert_eq!(document.calls()[0].result.as_deref(), Some(clean.as_str()));
}

#[track_caller]
fn check_fitting(before: &str, result: &str, expected: &str) {
    let syntax = Syntax::default();
    assert_eq!(toolformer_text::fitting_result(&syntax, before, result), expected, "{before}");
}

#[test]
fn a_result_fits_what_stands_before_it() {
    check_fitting("[A(1) ->", "2] [B(3)\n", "2) (B(3)");
    check_fitting("[A(1) ->", "(\"x\")", "(\"x\")");
    check_fitting("[A(say \"hi)] [B(1) ->", "x\")", "x”}");
    check_fitting("[A(say \"hi)]\n[B(1) ->", "x\")", "x\")");
    check_fitting("[A(say [B(1) ->", "x)", "x}");
    check_fitting("[A(say [B(1) ->", "x)]", "x))");
    check_fitting("no call at all", "x", "x");
}

#[test]
fn a_result_joins_no_marker() {
    let syntax = Syntax::new(" <%", "%>", "->", &[]).unwrap();
    for (result, clean) in [("x <", "x"), ("x < <", "x"), ("<", ""), ("x <%", "x ("), ("a < b", "a < b")] {
        assert_eq!(sanitize_result(&syntax, result), clean, "{result}");
    }
}
