//! Whether a text holds a call, and texts cut down to their first.

use proptest::prelude::*;
use toolformer_text::{Syntax, has_calls, keep_first_call, keep_first_call_of, parse};

#[track_caller]
fn check(text: &str, expected: &str) {
    let syntax = Syntax::default();
    assert_eq!(keep_first_call(text, &syntax), expected);
    assert_eq!(has_calls(text, &syntax), has_calls(expected, &syntax));
}

#[test]
fn later_calls_are_deleted_with_the_space_before_them() {
    check("", "");
    check("no calls [1] (2)", "no calls [1] (2)");
    check("a [A(1)] b", "a [A(1)] b");
    check("a [A(1)] b [B(2)] c [A(3)] d", "a [A(1)] b c d");
    check("[A(1)][B(2)][C(3)]x", "[A(1)]x");
    check("[A(1)]  [B(2)]", "[A(1)] ");
    check("[A(1)]\n[B(2)]\n", "[A(1)]\n\n");
    check("é [A(1) -> 2] ü [B((2), 'x)') → é] ö", "é [A(1) -> 2] ü ö");
    check("[A(1)] [B(2] [1]", "[A(1)] [B(2] [1]");
}

#[test]
fn what_a_deletion_joins_is_no_second_call() {
    check("[A(1)] [C(1) [B(2)]]", "[A(1)]");
    check("[A(1)] [D(1) [C(1) [B(2)]]] x", "[A(1)] x");
}

#[test]
fn the_first_call_of_one_tool() {
    let keep = |name| keep_first_call_of("a [A(1)] b [B(2)] c [A(3)] d [B(4)]", &Syntax::default(), name);
    assert_eq!(keep("A"), "a [A(1)] b [B(2)] c d [B(4)]");
    assert_eq!(keep("B"), "a [A(1)] b [B(2)] c [A(3)] d");
    assert_eq!(keep("C"), "a [A(1)] b [B(2)] c [A(3)] d [B(4)]");
}

#[test]
fn other_markers() {
    let syntax = Syntax::new("<API>", "</API>", "->", &[]).unwrap();
    assert_eq!(keep_first_call("<API>A(1)</API> <API>B(2)</API> [A(1)]", &syntax), "<API>A(1)</API>  [A(1)]");
    assert!(!has_calls("[A(1)]", &syntax));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn at_most_one_call_is_left(text in crate::properties::callish()) {
        let syntax = Syntax::default();
        let kept = keep_first_call(&text, &syntax);
        let (document, left) = (parse(&text, &syntax), parse(&kept, &syntax));
        let calls = document.calls().len();
        prop_assert_eq!(left.calls().len(), calls.min(1));
        if calls < 2 {
            prop_assert_eq!(&kept, &text);
        }
        if let Some(first) = document.calls().first() {
            prop_assert!(kept.contains(&text[first.span.clone()]));
        }
    }
}

/// Every deletion joins the next call; deleting one at a time would take quadratic time.
#[test]
fn calls_nested_in_names() {
    let text = format!("[a(1)] {}{}", "[X".repeat(100_000), "(1)]".repeat(100_000));
    let kept = keep_first_call(&text, &Syntax::default());
    assert!(kept.starts_with("[a(1)] ") && parse(&kept, &Syntax::default()).calls().len() == 1);
}
