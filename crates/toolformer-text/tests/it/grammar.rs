//! The cases of `cases/grammar.txt`.

use toolformer_text::{Syntax, parse};

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match (c, c == '\\') {
            (_, true) => match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            },
            (c, false) => c,
        });
    }
    out
}

/// What a text parses into, in the notation of the case file.
fn shown(text: &str) -> Vec<String> {
    let document = parse(text, &Syntax::default());
    assert_eq!(document.print(), text);
    let calls = document.calls().iter().map(|call| {
        let result = call.result.as_deref().unwrap_or("-");
        format!("= {} ¦ {} ¦ {} ¦ {result}", &text[call.span.clone()], call.name, call.args)
    });
    let diagnostics = document.diagnostics().iter().map(|d| {
        let kind = serde_json::to_value(d.kind).unwrap();
        format!("! {} ¦ {}", kind.as_str().unwrap(), &text[d.span.clone()])
    });
    calls.chain(diagnostics).collect()
}

/// The texts of the file with the lines that describe what they parse into.
pub(crate) fn cases() -> Vec<(String, Vec<String>)> {
    let read = |case: &str| {
        let mut lines = case.lines().filter(|line| !line.starts_with('#')).map(unescape);
        let text = lines.next()?;
        let text = text.strip_prefix('>').unwrap();
        Some((text.strip_prefix(' ').unwrap_or(text).to_owned(), lines.collect()))
    };
    include_str!("cases/grammar.txt").split("\n\n").filter_map(read).collect()
}

#[test]
fn every_case_of_the_file() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases were read", cases.len());
    for (text, expected) in cases {
        assert_eq!(shown(&text), expected, "{text:?}");
    }
}
