//! Weaving, case by case.

use toolformer_text::{Syntax, parse};
use toolformer_train::{Candidate, Woven, weave, weave_at_most};

use crate::tiny::texts;

fn candidate(text: usize, position: usize, call: &str, result: &str, delta: f64, kept: bool) -> Candidate {
    serde_json::from_value(serde_json::json!({
        "text_id": text, "tool": "C", "position": position, "token_position": 0, "p_start": 0.1, "call": call,
        "status": "ok", "result": result, "delta": delta, "kept": kept,
    }))
    .unwrap()
}

fn run(inputs: &[&str], candidates: &[Candidate]) -> Vec<Woven> {
    weave(&texts(inputs), candidates, &Syntax::default()).unwrap()
}

#[track_caller]
fn check(text: &str, candidates: &[Candidate], expected: &str) {
    let woven = run(&[text], candidates);
    assert_eq!(woven[0].text, expected);
    for call in &woven[0].calls {
        let inner = format!("[{} -> {}]", call.call, call.result);
        assert_eq!(&woven[0].text[call.span[0]..call.span[1]], inner);
    }
    // Every byte of the text is kept, and the calls are the ones that a parser finds.
    let syntax = Syntax::default();
    let mut plain = woven[0].text.clone();
    for call in woven[0].calls.iter().rev() {
        plain.replace_range(call.span[0] - 1..call.span[1], "");
    }
    assert_eq!(plain, text);
    assert_eq!(parse(&woven[0].text, &syntax).calls().len(), woven[0].calls.len());
}

#[test]
fn one_call() {
    check("so 2 x 3 = 6.", &[candidate(0, 10, "C(2 * 3)", "6", 1.0, true)], "so 2 x 3 = [C(2 * 3) -> 6] 6.");
}

#[test]
fn at_the_very_start_and_inside_a_word() {
    let both = [candidate(0, 0, "C(1)", "1", 1.0, true), candidate(0, 3, "C(2)", "2", 1.0, true)];
    check("abcdef", &both, " [C(1) -> 1]abc [C(2) -> 2]def");
}

#[test]
fn the_best_at_a_place_and_the_best_place_of_a_call() {
    let candidates = [
        candidate(0, 2, "C(1)", "1", 0.6, true),
        candidate(0, 2, "C(2)", "2", 0.9, true),
        candidate(0, 4, "C(2)", "2", 0.7, true),
        candidate(0, 4, "C(3)", "3", 0.5, true),
    ];
    check("ab cd", &candidates, "ab [C(2) -> 2] c [C(3) -> 3]d");
}

#[test]
fn texts_without_a_kept_call_are_left_out() {
    let woven = run(
        &["a", "b", "c"],
        &[candidate(1, 0, "C(1)", "1", 1.0, true), candidate(0, 0, "C(1)", "1", 0.1, false)],
    );
    assert_eq!(woven.len(), 1);
    assert_eq!(woven[0].text_id.to_string(), "1");
}

#[test]
fn the_order_of_the_candidates_does_not_matter() {
    let mut candidates = vec![
        candidate(0, 1, "C(1)", "1", 0.6, true),
        candidate(0, 1, "C(2)", "2", 0.6, true),
        candidate(0, 3, "C(1)", "1", 0.6, true),
    ];
    let first = run(&["abcd"], &candidates);
    candidates.reverse();
    assert_eq!(run(&["abcd"], &candidates), first);
}

/// What is left of the calls with at most so many to `C`.
#[track_caller]
fn check_at_most(most: usize, expected: &[&[&str]]) {
    let mut candidates = vec![
        candidate(0, 1, "C(1)", "1", 0.6, true),
        candidate(0, 1, "C(2)", "2", 0.5, true),
        candidate(0, 3, "C(3)", "3", 0.9, true),
        candidate(1, 2, "C(4)", "4", 0.7, true),
        candidate(2, 0, "C(5)", "5", 0.6, true),
        candidate(2, 2, "D(6)", "6", 0.1, true),
    ];
    candidates[5].tool = "D".into();
    candidates.reverse();
    let most = [("C".to_owned(), most), ("E".to_owned(), 1)].into();
    let woven = weave_at_most(&texts(&["abcd"; 3]), &candidates, &Syntax::default(), &most).unwrap();
    let calls = |woven: &Woven| woven.calls.iter().map(|call| call.call.clone()).collect::<Vec<_>>();
    assert_eq!(woven.iter().map(calls).collect::<Vec<_>>(), expected);
}

#[test]
fn the_best_calls_to_a_tool_stay_where_there_are_too_many() {
    check_at_most(4, &[&["C(1)", "C(3)"], &["C(4)"], &["C(5)", "D(6)"]]);
    check_at_most(3, &[&["C(1)", "C(3)"], &["C(4)"], &["D(6)"]]);
    check_at_most(2, &[&["C(3)"], &["C(4)"], &["D(6)"]]);
    check_at_most(1, &[&["C(3)"], &["D(6)"]]);
}

#[test]
fn foreign_candidates_are_refused() {
    let unknown = weave(&texts(&["a"]), &[candidate(7, 0, "C(1)", "1", 1.0, true)], &Syntax::default());
    assert!(unknown.unwrap_err().to_string().contains("not among the texts"));
    let outside = weave(&texts(&["é"]), &[candidate(0, 1, "C(1)", "1", 1.0, true)], &Syntax::default());
    assert!(outside.unwrap_err().to_string().contains("no place"));
}
