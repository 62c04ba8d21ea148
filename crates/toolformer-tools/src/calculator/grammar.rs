//! Expressions as a regular expression; that parentheses balance is the grammar's of calls.

use toolformer_text::ArgumentGrammar;

const WS: &str = r"[ \t]*";
/// `1,234.5`, `.5`, `1e3`, `$7`
const NUMBER: &str =
    r"(?:[$€£][ \t]*)?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?";
const SIGN_OR_OPEN: &str = "[-+−–(]";
const PERCENT_OR_CLOSE: &str = "[%)]";
const OPERATOR: &str = r"(?:\*\*|[-+*/^−–×·÷])";

/// What [`evaluate`](super::evaluate) reads, but for `x` as a sign and quotes around it all.
pub(super) fn grammar() -> ArgumentGrammar {
    let value = format!("(?:{SIGN_OR_OPEN}{WS})*{NUMBER}(?:{WS}{PERCENT_OR_CLOSE})*");
    ArgumentGrammar::matching(format!("{WS}{value}(?:{WS}{OPERATOR}{WS}{value})*{WS}"))
}
