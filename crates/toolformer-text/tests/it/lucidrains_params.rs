//! Parameters as toolformer-pytorch's tools take them.

use proptest::prelude::*;
use toolformer_text::lucidrains::{Param, parse_param, parse_params};

fn text(text: &str) -> Param {
    Param::Str(text.to_owned())
}

#[track_caller]
fn check(written: &str, expected: Param) {
    assert_eq!(parse_param(written), expected, "{written}");
    assert_eq!(parse_param(&format!(" {written}\t")), expected);
}

#[track_caller]
fn check_all(written: &str, expected: &[Param]) {
    assert_eq!(parse_params(written), expected, "{written}");
}

#[test]
fn numbers() {
    check("1", Param::Int(1));
    check("-7", Param::Int(-7));
    check("+7", Param::Int(7));
    check("007", Param::Int(7));
    check("9223372036854775807", Param::Int(i64::MAX));
    check("9223372036854775808", Param::Float(9_223_372_036_854_775_808.0));
    check("1.5", Param::Float(1.5));
    check("-1.5", Param::Float(-1.5));
    check(".5", Param::Float(0.5));
    check("5.", Param::Float(5.0));
    check("1e3", Param::Float(1000.0));
    check("-2.5E-1", Param::Float(-0.25));
}

#[test]
fn booleans() {
    check("True", Param::Bool(true));
    check("true", Param::Bool(true));
    check("False", Param::Bool(false));
    check("false", Param::Bool(false));
    check("'True'", text("True"));
}

#[test]
fn strings() {
    check("'a'", text("a"));
    check("\"a\"", text("a"));
    check("''", text(""));
    check("' a '", text(" a "));
    check("'it's'", text("it's"));
    check(r"'it\'s \\ \d\n'", text("it's \\ \\d\n"));
    check("\"say 'hi'\"", text("say 'hi'"));
    check("'1'", text("1"));
    check("'a' 'b'", text("'a' 'b'"));
    check("'a", text("'a"));
    check("'", text("'"));
    check("", text(""));
}

#[test]
fn bare_text() {
    check("hello world", text("hello world"));
    check("400 / 1400", text("400 / 1400"));
    check("1-2", text("1-2"));
    check("-", text("-"));
    check("e", text("e"));
    check("nan", text("nan"));
    check("inf", text("inf"));
    check("1e999", text("1e999"));
    check("TRUE", text("TRUE"));
    check("None", text("None"));
    check("１", text("１"));
}

#[test]
fn commas_separate_parameters() {
    check_all("", &[]);
    check_all("  ", &[]);
    check_all("1", &[Param::Int(1)]);
    check_all("1,2", &[Param::Int(1), Param::Int(2)]);
    check_all(" a , 'b' ", &[text("a"), text("b")]);
    check_all("1,", &[Param::Int(1)]);
    check_all("1,,2", &[Param::Int(1), Param::Int(2)]);
    check_all("'',", &[text("")]);
}

#[test]
fn commas_in_quotes_and_brackets_do_not() {
    check_all("'a, b', \"c, d\"", &[text("a, b"), text("c, d")]);
    check_all("max(1, 2), [3, 4], {5, 6}", &[text("max(1, 2)"), text("[3, 4]"), text("{5, 6}")]);
    check_all("'(', 2", &[text("("), Param::Int(2)]);
    check_all("), 2", &[text(")"), Param::Int(2)]);
    check_all(r"'a\', b', 2", &[text("a', b"), Param::Int(2)]);
    check_all("don't, won't", &[text("don't"), text("won't")]);
    check_all("'open, 2", &[text("'open"), Param::Int(2)]);
    check_all("5'10\", 2", &[text("5'10\""), Param::Int(2)]);
}

#[test]
fn work_is_linear() {
    // A scan to the end for every quote would take hours here.
    let open = " 'a".repeat(1_000_000);
    assert_eq!(parse_params(&open).len(), 1);
    assert_eq!(parse_params(&"'a', ".repeat(100_000)).len(), 100_000);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(written in any::<String>(), callish in crate::properties::callish()) {
        for written in [written, callish] {
            parse_params(&written);
            parse_param(&written);
        }
    }

    #[test]
    fn what_is_written_is_read_back(ints in prop::collection::vec(any::<i64>(), 0..5), texts in prop::collection::vec("[a-z ,()\\[\\]]{0,8}", 0..5)) {
        let numbers = ints.iter().map(|int| (int.to_string(), Param::Int(*int)));
        let quoted = texts.iter().map(|inner| (format!("'{inner}'"), text(inner)));
        let (written, expected): (Vec<String>, Vec<Param>) = numbers.chain(quoted).unzip();
        prop_assert_eq!(parse_params(&written.join(", ")), expected);
    }
}
