//! Weaving, case by case.

use toolformer_text::{Syntax, parse};
use toolformer_train::{
    Candidate, TextId, TrainError, WeavePlan, WeaveSettings, Weaver, Woven, WovenStats, read_jsonl, weave,
    weave_with, write_woven,
};

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
        assert_eq!(&woven[0].text[call.response[0]..call.response[1]], format!(" {}]", call.result));
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

/// Calls of the tools `A` and `B`, each with its place in tokens (five bytes each), call, result and gain.
#[track_caller]
fn check_overlap(calls: &[(&str, usize, &str, f64)], expected: &str) {
    let candidates = calls.iter().map(|&(call, token, result, delta)| {
        let mut candidate = candidate(0, token * 5, call, result, delta, true);
        (candidate.tool, candidate.token_position) = (call[..1].to_owned(), token);
        candidate
    });
    check("aaaa bbbb cccc dddd eeee ffff", &candidates.collect::<Vec<_>>(), expected);
}

#[test]
fn calls_that_get_into_each_others_way() {
    // Two tools at one place: the one that helps more.
    check_overlap(
        &[("A(1)", 1, "1", 0.6), ("B(1)", 1, "2", 0.7)],
        "aaaa  [B(1) -> 2]bbbb cccc dddd eeee ffff",
    );
    // The same call at several places: where it helps most.
    check_overlap(
        &[("A(1)", 0, "1", 0.6), ("A(1)", 5, "1", 0.8), ("A(1)", 2, "1", 0.7)],
        "aaaa bbbb cccc dddd eeee  [A(1) -> 1]ffff",
    );
    // The same result within the five tokens on which both are judged: the better.
    check_overlap(
        &[("A(1)", 0, "1", 0.6), ("A(2)", 4, "1", 0.7)],
        "aaaa bbbb cccc dddd  [A(2) -> 1]eeee ffff",
    );
    check_overlap(
        &[("A(1)", 0, "1", 0.8), ("B(1)", 1, "1", 0.7)],
        " [A(1) -> 1]aaaa bbbb cccc dddd eeee ffff",
    );
    check_overlap(
        &[("A(1)", 0, "1", 0.6), ("A(2)", 5, "1", 0.7)],
        " [A(1) -> 1]aaaa bbbb cccc dddd eeee  [A(2) -> 1]ffff",
    );
    check_overlap(
        &[("A(1)", 0, "1", 0.6), ("A(2)", 1, "2", 0.7)],
        " [A(1) -> 1]aaaa  [A(2) -> 2]bbbb cccc dddd eeee ffff",
    );
    // One that is out of the way itself keeps nothing out.
    check_overlap(
        &[("A(1)", 0, "1", 0.9), ("A(2)", 0, "2", 0.8), ("A(3)", 3, "2", 0.7)],
        " [A(1) -> 1]aaaa bbbb cccc  [A(3) -> 2]dddd eeee ffff",
    );
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
    let settings = WeaveSettings { max_examples: most, ..WeaveSettings::default() };
    let woven = weave_with(&texts(&["abcd"; 3]), &candidates, &Syntax::default(), &settings).unwrap();
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
    assert!(unknown.unwrap_err().to_string().contains("is not of these texts"));
    let outside = weave(&texts(&["é"]), &[candidate(0, 1, "C(1)", "1", 1.0, true)], &Syntax::default());
    assert!(outside.unwrap_err().to_string().contains("no place"));
}

/// Of 40 texts, 8 with a call each: which others go in.
fn plain(plain_ratio: f64, seed: u64) -> Vec<u64> {
    let inputs: Vec<String> = (0..40).map(|number| format!("text {number}")).collect();
    let inputs = texts(&inputs.iter().map(String::as_str).collect::<Vec<_>>());
    let candidates = (0..40).map(|id| candidate(id, 0, "C(1)", "1", 1.0, id % 5 == 0)).collect::<Vec<_>>();
    let settings = WeaveSettings { plain_ratio, seed, ..WeaveSettings::default() };
    let woven = weave_with(&inputs, &candidates, &Syntax::default(), &settings).unwrap();
    let number = |woven: &Woven| match woven.text_id {
        TextId::Number(number) => number,
        TextId::Name(_) => unreachable!("they have numbers"),
    };
    assert!(woven.is_sorted_by_key(number));
    let (plain, with): (Vec<&Woven>, Vec<&Woven>) = woven.iter().partition(|woven| woven.calls.is_empty());
    assert_eq!(with.iter().map(|woven| number(woven)).collect::<Vec<_>>(), [0, 5, 10, 15, 20, 25, 30, 35]);
    assert!(plain.iter().all(|woven| woven.text == format!("text {}", woven.text_id)));
    let stats = WovenStats::new(&woven);
    assert_eq!((stats.texts, stats.plain, stats.calls), (8, plain.len(), 8));
    plain.into_iter().map(number).collect()
}

#[test]
fn texts_without_a_call_go_in_by_a_ratio() {
    for (ratio, expected) in
        [(0.0, 0), (0.05, 0), (0.1, 1), (0.5, 4), (1.0, 8), (3.99, 32), (4.0, 32), (9.0, 32)]
    {
        assert_eq!(plain(ratio, 1).len(), expected, "{ratio}");
    }
    assert_eq!(plain(1.0, 1), plain(1.0, 1));
    assert_ne!(plain(1.0, 1), plain(1.0, 2));
    for wrong in [-0.1, f64::NAN, f64::INFINITY] {
        let settings = WeaveSettings { plain_ratio: wrong, ..WeaveSettings::default() };
        let error = weave_with(&[], &[], &Syntax::default(), &settings).unwrap_err();
        assert!(matches!(error, TrainError::Setting { name: "plain_ratio", .. }), "{error}");
    }
}

/// A text whose calls were all too many neither counts as one with calls nor goes in without them.
#[test]
fn limits_and_ratio_together() {
    let candidates: Vec<Candidate> =
        (0..6).map(|id| candidate(id, 0, "C(1)", "1", 1.0 + id as f64, true)).collect();
    let settings = WeaveSettings { max_examples: [("C".to_owned(), 2)].into(), plain_ratio: 1.5, seed: 0 };
    let woven = weave_with(&texts(&["ab"; 20]), &candidates, &Syntax::default(), &settings).unwrap();
    let ids = |with: bool| {
        woven.iter().filter(move |woven| woven.calls.is_empty() != with).map(|woven| &woven.text_id)
    };
    assert_eq!(ids(true).collect::<Vec<_>>(), [&TextId::Number(4), &TextId::Number(5)]);
    assert_eq!(ids(false).count(), 3);
    assert!(ids(false).all(|id| *id >= TextId::Number(6)));
}

#[test]
fn streams_are_woven_as_slices_are_and_a_failed_write_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.jsonl");
    let inputs = texts(&["abcd"; 30]);
    let candidates: Vec<Candidate> = (0..30)
        .filter(|id| id % 3 > 0)
        .map(|id| candidate(id, id % 4, "C(1)", "1", id as f64, id % 4 > 0))
        .collect();
    let settings = WeaveSettings { max_examples: [("C".to_owned(), 7)].into(), plain_ratio: 0.5, seed: 3 };
    let syntax = Syntax::default();
    let streams = || (inputs.iter().cloned().map(Ok), candidates.iter().cloned().map(Ok));
    let weaver = |texts: usize| {
        let plan = WeavePlan::new(&settings, || Ok(streams())).unwrap();
        let (all, candidates) = streams();
        Weaver::new(all.take(texts), candidates, &syntax, plan)
    };
    let error = write_woven(&path, weaver(20)).unwrap_err();
    assert!(matches!(error, TrainError::Candidate { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let stats = write_woven(&path, weaver(30)).unwrap();
    let woven: Vec<Woven> = read_jsonl(&path).unwrap();
    assert_eq!(woven, weave_with(&inputs, &candidates, &syntax, &settings).unwrap());
    assert_eq!((stats.texts, stats.plain), (7, 4));
    assert_eq!(stats, WovenStats::new(&woven));
    // Texts that have gone since they were counted.
    let plan = WeavePlan::new(&settings, || Ok(streams())).unwrap();
    let few = inputs.iter().take(1).cloned().map(Ok);
    let error = Weaver::new(few, std::iter::empty(), &syntax, plan).collect::<Result<Vec<_>, _>>();
    assert!(matches!(error, Err(TrainError::TextsChanged { .. })), "{error:?}");
}
