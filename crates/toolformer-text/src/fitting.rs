//! Results that leave alone what stands before them.

use crate::{CallError, Syntax, invoke::inert, parse, sanitize_result};

/// `result` made safe to be written behind the arrow at the end of `before`: by [`sanitize_result`], and where it
/// would still complete a quote or a parenthesis that `before` leaves open on its last line, so that the text
/// would parse into other calls, without quotes and parentheses (`(` becomes `{`, `"` becomes `”`).
///
/// This is for text that is being generated; [`invoke`](crate::invoke) does the same for texts that are there.
///
/// ```
/// use toolformer_text::{Syntax, fitting_result};
/// let syntax = Syntax::default();
/// assert_eq!(fitting_result(&syntax, "It is [Title(7) ->", "Ada (a \"novel\")"), "Ada (a \"novel\")");
/// assert_eq!(fitting_result(&syntax, "[Say(\"it)] is [Title(7) ->", "Ada\")"), "Ada”}");
/// ```
pub fn fitting_result(syntax: &Syntax, before: &str, result: &str) -> String {
    let clean = sanitize_result(syntax, result);
    let line = &before[before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1)..];
    let calls = |result: &str| -> Vec<_> {
        let text = format!("{line}{}", syntax.response(result));
        let calls = parse(&text, syntax).calls().to_vec();
        calls.into_iter().map(|call| (call.span.start, call.name, call.args)).collect()
    };
    if calls(&clean) == calls("") { clean } else { inert(&clean) }
}

/// What [`Policy::Mark`](crate::Policy::Mark) writes as the result of a call that gave none: `error: ` and the reason, which
/// pairs with nothing around it.
pub fn marked_failure(syntax: &Syntax, error: &CallError) -> String {
    inert(&sanitize_result(syntax, &format!("error: {}", error.reason())))
}
