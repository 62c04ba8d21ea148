//! Which rewrites of a text are copies of it, and where their calls stand.

use proptest::prelude::*;
use toolformer_text::Syntax;
use toolformer_train::{Departure, InsertedCall, align_copy};

/// The calls as `position name(args)`.
fn align(text: &str, rewrite: &str) -> Result<Vec<String>, Departure> {
    let shown = |call: InsertedCall| format!("{} {}({})", call.position, call.name, call.args);
    Ok(align_copy(text, rewrite, &Syntax::default())?.into_iter().map(shown).collect())
}

#[track_caller]
fn check(text: &str, rewrite: &str, expected: &[&str]) {
    assert_eq!(
        align(text, rewrite).as_deref(),
        Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
    );
}

/// So much of the text is there, and this is what the rewrite has instead of the rest.
#[track_caller]
fn check_departure(text: &str, rewrite: &str, copied: usize, instead: &str) {
    let found = align(text, rewrite).map_err(|found| (found.copied, &rewrite[found.written..]));
    assert_eq!(found, Err((copied, instead)));
}

#[test]
fn calls_of_a_copy() {
    check("so 6.", "so 6.", &[]);
    check("so 6.", "so [C(2 * 3)] 6.", &["2 C(2 * 3)"]);
    check("so 6.", "so [C()] 6 [D(1)].", &["2 C()", "4 D(1)"]);
    check("so 6.", "so [C(1)] [C(2)] 6.", &["2 C(1)", "2 C(2)"]);
    check("abcd", "ab [C(1)]cd", &["2 C(1)"]);
    check("so 6.", "so 6. [C(1)]", &["5 C(1)"]);
    check("é ü", "é [C(ß)] ü", &["2 C(ß)"]);
}

/// What the model makes up behind an arrow is part of the call.
#[test]
fn results_that_were_written_go_with_their_calls() {
    check("so 6.", "so [C(2 * 3) -> 7] 6.", &["2 C(2 * 3)"]);
    check("so 6.", "so [C(2 * 3) → 7] 6.", &["2 C(2 * 3)"]);
    check("so 6.", "so [C(2 * 3) ->] 6.", &["2 C(2 * 3)"]);
}

#[test]
fn a_call_takes_a_space_with_it() {
    // The one before it, or it stands where the text has one.
    check("so 6", "so [C(1)] 6", &["2 C(1)"]);
    check("so 6", "so [C(1)]6", &["2 C(1)"]);
    check("so 6", "so[C(1)] 6", &["2 C(1)"]);
    // Or the one behind it.
    check("(6)", "([C(1)] 6)", &["1 C(1)"]);
    check("6", "[C(1)] 6", &["0 C(1)"]);
    // None at all.
    check("(6)", "([C(1)]6)", &["1 C(1)"]);
    check("a\nb", "a\n[C(1)] b", &["2 C(1)"]);
    check("a\nb", "a\n[C(1)]b", &["2 C(1)"]);
    check("a\nb", "a [C(1)]\nb", &["1 C(1)"]);
    check("a  b", "a  [C(1)] b", &["2 C(1)"]);
    check("a  b", "a [C(1)]  b", &["1 C(1)"]);
    // No more than one, and no other white space.
    check_departure("ab", "a  [C(1)]b", 1, "  [C(1)]b");
    check_departure("ab", "a [C(1)] b", 1, " b");
    check_departure("a b", "a [C(1)]\nb", 2, "\nb");
    check_departure("a b", "a\t[C(1)] b", 1, "\t[C(1)] b");
}

#[test]
fn white_space_at_both_ends_may_differ() {
    check("a b", "  a b", &[]);
    check("  a b", "a b", &[]);
    check("\ta b \n", " a b", &[]);
    check("a b", "a b  \t", &[]);
    check("a b", "\n[C(1)] a b", &["0 C(1)"]);
    check("a", "a [C(1)] ", &["1 C(1)"]);
    check_departure("a b", "a  b", 2, " b");
    check_departure("a\nb", "a b", 1, " b");
}

#[test]
fn what_follows_a_line_break_behind_the_text_is_not_looked_at() {
    check("a b", "a b\n\nInput:\nc [C(1)]", &[]);
    check("a\nb", "a\nb \nInput", &[]);
    check("a\nb\n\n", "a\nb\nInput", &[]);
    check("a b", "a b [C(1)]\r\nInput", &["3 C(1)"]);
    check_departure("a\nb", "a\n\nInput", 2, "\nInput");
    check_departure("a b", "a b and more", 3, " and more");
}

#[test]
fn brackets_of_the_text_are_text() {
    check("see [1] (and [2])", "see [1] [C(1)] (and [2])", &["7 C(1)"]);
    check("see [A(1)] b", "see [A(1)] [C(2)] b", &["10 C(2)"]);
    check("see [A(1)] b", "see [C(2)] [A(1)] b", &["3 C(2)"]);
    check("see [A(1)] b", "see [A(1)] b", &[]);
    check("see [A( b", "see [A( [C(2)] b", &["7 C(2)"]);
    check_departure("see [A(1)] b", "see b", 4, "b");
}

#[test]
fn other_texts_are_no_copies() {
    check_departure("the cat sat", "the dog sat", 4, "dog sat");
    check_departure("the cat sat", "the cat", 7, "");
    check_departure("the cat", "", 0, "");
    check_departure("the cat", "The cat", 0, "The cat");
    check_departure("né", "nè", 1, "è");
    check_departure("né", "n", 1, "");
    // A call that does not end, or is none.
    check_departure("so 6", "so [C(1 6", 3, "[C(1 6");
    check_departure("so 6", "so [C(1) 6", 3, "[C(1) 6");
    check_departure("so 6", "so [see] 6", 3, "[see] 6");
    // What is behind the call is not what it was.
    check_departure("so 6", "so [C(1)] 7", 3, "7");
}

/// A quote without a partner is known as such only at the end of its line.
#[test]
fn a_call_with_an_open_quote_ends_with_its_line() {
    check("so 6\nand", "so [C(what's)] 6\nand", &["2 C(what's)"]);
    check("so 6", "so [C(what's)] 6\n\nInput", &["2 C(what's)"]);
}

/// Strings of what matters to the alignment.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" "),
        Just("\n"),
        Just("a"),
        Just("b"),
        Just("é"),
        Just("🦀"),
        Just("1"),
        Just("["),
        Just("]"),
        Just("("),
        Just("[A("),
        Just("[C(1)]"),
        Just(" [C(1)]"),
        Just("'"),
        Just("\""),
        Just("->"),
        Just("\r"),
        Just("\t"),
    ];
    prop::collection::vec(piece, 1..16).prop_map(|pieces| pieces.concat())
}

/// A text with calls put into it as they are printed, each at its byte.
fn insert(text: &str, calls: &[(usize, String)]) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (position, call) in calls {
        out += &text[from..*position];
        out += call;
        from = *position;
    }
    out + &text[from..]
}

proptest! {
    #[test]
    fn insertions_are_found(text in text(), at in prop::collection::vec((0..40_usize, "[A-C]", "[0-9 +]{0,3}"), 0..4)) {
        let end = text.trim_ascii_end().len();
        prop_assume!(end > 0);
        let places: Vec<usize> = (0..=end).filter(|&at| text.is_char_boundary(at)).collect();
        let syntax = Syntax::default();
        let mut calls: Vec<(usize, String)> = at
            .iter()
            .map(|(at, name, args)| (places[at % places.len()], syntax.call(name, args.trim())))
            .collect();
        calls.sort_by_key(|(position, _)| *position);
        let rewrite = insert(&text, &calls);
        let found = align_copy(&text, &rewrite, &syntax);
        let found: Vec<(usize, String)> = found
            .unwrap()
            .into_iter()
            .map(|call| (call.position, syntax.call(&call.name, &call.args)))
            .collect();
        if text.contains('[') {
            // A text's own bracket around a call can be read as a call around it, whose arguments are printed without
            // the blank before them.
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&insert(&text, &found)), bare(&rewrite));
        } else {
            prop_assert_eq!(insert(&text, &found), rewrite);
            prop_assert_eq!(found, calls);
        }
    }

    /// One more character, and it is no copy.
    #[test]
    fn changes_are_found(text in "[a-c][a-c \n]{0,11}", at in 0..12_usize, more in "[a-cé]") {
        let at = at % text.len();
        prop_assume!(!text[at..].trim_ascii().is_empty());
        let changed = format!("{}{more}{}", &text[..at], &text[at..]);
        prop_assert!(align(&text, &changed).is_err(), "{changed:?}");
        prop_assert!(align(&changed, &text).is_err(), "{changed:?}");
    }

    #[test]
    fn any_two_strings_are_compared(text in text(), rewrite in text(), any in any::<String>(), other in any::<String>()) {
        for (text, rewrite) in [(&text, &rewrite), (&any, &other), (&text, &any), (&any, &rewrite)] {
            match align_copy(text, rewrite, &Syntax::default()) {
                Ok(calls) => prop_assert!(calls.iter().all(|call| text.is_char_boundary(call.position))),
                Err(Departure { copied, written }) => {
                    prop_assert!(text.is_char_boundary(copied) && rewrite.is_char_boundary(written));
                }
            }
        }
    }
}
