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

#[test]
fn every_case_of_the_file() {
    let mut checked = 0;
    for case in include_str!("cases/grammar.txt").split("\n\n") {
        let lines = case.lines().filter(|line| !line.starts_with('#'));
        let mut lines = lines.map(unescape);
        let Some(text) = lines.next() else { continue };
        let text = text.strip_prefix('>').unwrap();
        let text = text.strip_prefix(' ').unwrap_or(text);
        assert_eq!(shown(text), lines.collect::<Vec<_>>(), "\n{case}");
        checked += 1;
    }
    assert!(checked >= 60, "only {checked} cases were read");
}
