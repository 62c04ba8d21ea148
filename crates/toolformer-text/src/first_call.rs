//! Texts with at most one call.

use crate::{Call, Syntax, parse};

/// Whether `text` holds a call, of whatever name, with or without a result.
///
/// ```
/// use toolformer_text::{Syntax, has_calls};
/// assert!(has_calls("is [Sum((1 + 2) + 3)]", &Syntax::default()));
/// assert!(!has_calls("see [1] (and [2])", &Syntax::default()));
/// ```
pub fn has_calls(text: &str, syntax: &Syntax) -> bool {
    !parse(text, syntax).calls().is_empty()
}

/// `text` with its first call only: later ones are deleted, each with the space before it. Every other byte
/// stays as it is.
///
/// A deletion may join what stood around it into a call. That one counts as well: the text returned holds one call,
/// and the first call of `text` is it or stands in its arguments or result.
///
/// ```
/// use toolformer_text::{Syntax, keep_first_call};
/// let text = "Of 14, 7 [Share(7, 14)] or half [Half(14)] passed.";
/// assert_eq!(keep_first_call(text, &Syntax::default()), "Of 14, 7 [Share(7, 14)] or half passed.");
/// ```
pub fn keep_first_call(text: &str, syntax: &Syntax) -> String {
    keep_first(text, syntax, |_| true)
}

/// As [`keep_first_call`] for the calls of one tool; calls of other tools are text to it and stay.
pub fn keep_first_call_of(text: &str, syntax: &Syntax, name: &str) -> String {
    keep_first(text, syntax, |call| call.name == name)
}

/// So many times a deletion may join what stood around it into a call; in texts made for it, it could for ever.
const MAX_ROUNDS: usize = 8;

fn keep_first(text: &str, syntax: &Syntax, counts: impl Fn(&Call) -> bool) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_ROUNDS {
        let document = parse(&text, syntax);
        let later: Vec<&Call> = document.calls().iter().filter(|call| counts(call)).skip(1).collect();
        if later.is_empty() {
            return text;
        }
        let (mut kept, mut from) = (String::with_capacity(text.len()), 0);
        for call in later {
            let before = &text[from..call.span.start];
            kept.push_str(before.strip_suffix(syntax.space()).unwrap_or(before));
            from = call.span.end;
        }
        kept.push_str(&text[from..]);
        text = kept;
    }
    // Without its marker nothing behind the first call can be one.
    let document = parse(&text, syntax);
    let end = document.calls().iter().find(|call| counts(call)).map_or(text.len(), |call| call.span.end);
    let (first, rest) = text.split_at(end);
    format!("{first}{}", rest.replace(syntax.bare_open(), ""))
}
