//! A text without its calls.

use std::borrow::Cow;

use toolformer_text::{DiagnosticKind, Piece, Syntax, parse};

/// `text` without its calls and their results, each with the blanks before it on its line. A call that the text ends in, as a
/// limit on tokens leaves it, is taken out as well.
///
/// ```
/// use toolformer_eval::without_calls;
/// use toolformer_text::Syntax;
/// let syntax = Syntax::default();
/// assert_eq!(without_calls("It is [Calculator(1 + 1) -> 2] two.", &syntax), "It is two.");
/// assert_eq!(without_calls("It is [Calculator(1 +", &syntax), "It is");
/// ```
pub fn without_calls<'t>(text: &'t str, syntax: &Syntax) -> Cow<'t, str> {
    let end = start_of_cut_call(text, syntax)
        .map_or(text.len(), |start| text[..start].trim_end_matches([' ', '\t']).len());
    let document = parse(&text[..end], syntax);
    if document.calls().is_empty() {
        return Cow::Borrowed(&text[..end]);
    }
    let mut said = String::with_capacity(end);
    for piece in document.pieces() {
        match piece {
            Piece::Text(text) => said.push_str(text),
            // Not the end of a line: what was said on it is said.
            Piece::Call { .. } => said.truncate(said.trim_end_matches([' ', '\t']).len()),
        }
    }
    Cow::Owned(said)
}

/// Where a call begins that the end of the text cuts off.
fn start_of_cut_call(text: &str, syntax: &Syntax) -> Option<usize> {
    use DiagnosticKind::{UnclosedArguments, UnclosedCall, UnclosedResult};
    let document = parse(text, syntax);
    let cut = document.diagnostics().iter().find(|found| {
        let open = matches!(found.kind, UnclosedArguments | UnclosedCall | UnclosedResult);
        open && !text[found.span.start..].contains(['\n', '\r'])
    });
    cut.map(|found| found.span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_calls(text, &Syntax::default()), expected);
    }

    #[test]
    fn calls_go_and_everything_else_stays() {
        check("no call [1] (2)", "no call [1] (2)");
        check(" [A(1) -> 2] x [B(f(2))] y [C() →].", " x y.");
        check("x[A(1)]y", "xy");
        check("a [A(1) -> [2]] b\n [B(3)]", "a b\n");
        check("8\n[A(1) -> 2] = 9", "8\n = 9");
        check("a [A(1) -> 2", "a");
        check("a [A(1) ->", "a");
        check("a [A(\"x", "a");
        check("a [A(1 \nb", "a [A(1 \nb");
        check("", "");
    }
}
