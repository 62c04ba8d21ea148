use proptest::prelude::*;

use super::*;
use crate::{DiagnosticKind, parse};

/// Texts on one line that make a reader without bounds take quadratic time.
pub(crate) fn hostile(size: usize) -> Vec<String> {
    let repeated = |part: &str| part.repeat(size / part.len());
    let nested = |open: &str, close: &str| {
        let count = size / (open.len() + close.len());
        open.repeat(count) + "x" + &close.repeat(count)
    };
    vec![
        repeated("[a("),
        repeated("[a('"),
        repeated("[a(x) -> ["),
        repeated("[a(\"b"),
        repeated("[a(x) y "),
        repeated("[a(x)"),
        repeated("[a(x) -"),
        repeated("[a(')]'[ "),
        repeated("[a('x)]"),
        repeated("[a( ')] ' ( "),
        repeated("[a(\\\" "),
        repeated("[a[a[a.1"),
        // The first fails last.
        nested("[a(", ")y"),
        nested("[a('x' ", ")y"),
        nested("[a(", ") -> ["),
        nested("[a(", ") - "),
        // Quotes hide the candidates from each other, so that all of them reach the same parenthesis.
        "'[a(1' ".repeat(size / 14) + ")" + &" ".repeat(size / 2) + "z",
        "[a(x)".repeat(size / 10) + &" ".repeat(size / 2),
        "[a(x) -> ".repeat(size / 18) + &"]".repeat(size / 2),
        "[a('".repeat(size / 8) + &"\\".repeat(size / 2) + "' )]",
        // Every other call needs to be read without heeding quotes, and far.
        "[a(')]' ".repeat(size / 16) + &"(".repeat(size / 2),
    ]
}

/// However many candidates share a line, each byte is read so many times at most.
#[test]
fn work_on_a_line_is_linear() {
    const SIZE: usize = 300_000;
    let syntax = Syntax::default();
    for text in hostile(SIZE) {
        let mut work = Work::default();
        find_calls(&text, 0, &syntax, &mut work, |_| {});
        // Once to search, twice to read forward, four tables; one marker may be read beyond the bound.
        assert!(work.spent <= 7 * text.len() + 8, "{} for {}", work.spent, &text[..24]);
    }
    // The bound is worth nothing unless the candidates are many.
    for text in &hostile(SIZE)[..5] {
        let candidates = text.matches("[a(").count();
        assert!(candidates >= SIZE / 16);
        assert_eq!(parse(text, &syntax).diagnostics().len(), candidates, "{}", &text[..24]);
    }
}

fn found(
    text: &str,
    read_per_byte: usize,
    syntax: &Syntax,
) -> Vec<Result<Call, (usize, usize, DiagnosticKind)>> {
    let mut all = Vec::new();
    find_calls_within(read_per_byte, text, 0, syntax, &mut Work::default(), |one| {
        all.push(match one {
            Found::Call(call) => Ok(call),
            Found::NotACall(Diagnostic { span, kind }) => Err((span.start, span.end, kind)),
        });
    });
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3000, ..ProptestConfig::default() })]

    /// The reader and the tables tell the same.
    #[test]
    fn reading_forward_changes_nothing(text in "(\\[a\\(|[\\[\\]()'\"\\\\x\u{e9} \n\t]|->|\u{2192}|-|\\) ?->|\\)\\]){0,24}") {
        let syntax = Syntax::default();
        let by_tables = found(&text, 0, &syntax);
        prop_assert_eq!(&found(&text, 1, &syntax), &by_tables);
        prop_assert_eq!(&found(&text, READ_PER_BYTE, &syntax), &by_tables);
        prop_assert_eq!(&found(&text, 100, &syntax), &by_tables);
    }
}
