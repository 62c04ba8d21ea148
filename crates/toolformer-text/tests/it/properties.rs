//! What holds for every string.

use proptest::prelude::*;
use toolformer_text::{
    DiagnosticKind, FnTool, Policy, Progress, Registry, Syntax, invoke, parse, sanitize_result,
};

/// Strings made of what matters to the grammar.
pub(crate) fn callish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("->"),
        Just("→"),
        Just("-"),
        Just(" "),
        Just("\n"),
        Just("a"),
        Just("[a("),
        Just("[b(1)"),
        Just(")]"),
        Just(") -> "),
        Just("é"),
        Just("1"),
        Just("[c('x')]"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// The grammar read the slow and obvious way, from one `[` on: heeding quotes, then not.
mod slow {
    /// The end of the call at the start of `text`.
    pub(super) fn call_end(text: &str) -> Option<usize> {
        let line = text.split(['\n', '\r']).next().unwrap();
        let rest = line.strip_prefix('[')?;
        let name = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))?;
        if !rest[name..].starts_with('(') || !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        {
            return None;
        }
        let args = name + 2;
        arguments_end(line, args, true)
            .and_then(|end| tail(line, end))
            .or_else(|| arguments_end(line, args, false).and_then(|end| tail(line, end)))?
    }

    fn escaped(line: &str, at: usize) -> bool {
        line[..at].chars().rev().take_while(|&c| c == '\\').count() % 2 == 1
    }

    fn in_word(quote: char, c: Option<char>) -> bool {
        c.is_some_and(|c| if quote == '"' { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() })
    }

    fn arguments_end(line: &str, from: usize, heed: bool) -> Option<usize> {
        let (mut depth, mut at) = (1, from);
        while let Some(c) = line[at..].chars().next() {
            let next = at + c.len_utf8();
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 {
                return Some(next);
            }
            at = next;
            let opens = "'\"".contains(c) && !escaped(line, next - 1);
            if heed && opens && !in_word(c, line[..next - 1].chars().next_back()) {
                let closes = |&(i, _): &(usize, &str)| {
                    !escaped(line, next + i) && !in_word(c, line[next + i + 1..].chars().next())
                };
                if let Some((i, _)) = line[next..].match_indices(c).find(closes) {
                    at = next + i + 1;
                }
            }
        }
        None
    }

    /// Outer `None`: nothing fits here. Inner `None`: an arrow stands here but its result is not closed.
    fn tail(line: &str, at: usize) -> Option<Option<usize>> {
        let rest = line[at..].trim_start_matches([' ', '\t']);
        let at = line.len() - rest.len();
        if rest.starts_with(']') {
            return Some(Some(at + 1));
        }
        let arrow = ["->", "→"].into_iter().find(|arrow| rest.starts_with(arrow))?;
        let mut depth = 1;
        for (i, c) in line[at + arrow.len()..].char_indices() {
            depth += i32::from(c == '[') - i32::from(c == ']');
            if depth == 0 {
                return Some(Some(at + arrow.len() + i + 1));
            }
        }
        Some(None)
    }
}

fn check_everything(text: &str) {
    let syntax = Syntax::default();
    let document = parse(text, &syntax);
    assert_eq!(document.print(), text);
    let mut last = 0;
    for call in document.calls() {
        assert!(last <= call.span.start && call.span.end <= text.len());
        assert!(text[call.span.clone()].starts_with(&format!("[{}(", call.name)));
        assert!(text[call.span.clone()].ends_with(']'));
        assert_eq!(text[call.args_span.clone()].trim(), call.args);
        last = call.span.end;
    }
    for diagnostic in document.diagnostics() {
        assert!(!diagnostic.render(text).is_empty());
    }

    // The slow reader finds the same calls.
    let (mut at, mut slow) = (0, Vec::new());
    while let Some(start) = text[at..].find('[').map(|i| at + i) {
        at = start + 1;
        if let Some(length) = slow::call_end(&text[start..]) {
            slow.push(start..start + length);
            at = start + length;
        }
    }
    assert_eq!(document.calls().iter().map(|c| c.span.clone()).collect::<Vec<_>>(), slow);
}

/// Whatever is said about a beginning agrees with the whole.
fn check_progress(text: &str) {
    let syntax = Syntax::default();
    let document = parse(text, &syntax);
    let whole = document.calls().iter().find(|call| call.span.start == 0);
    let cuts = (0..=text.len()).filter(|&i| text.is_char_boundary(i));
    let mut awaited = None;
    let mut decided = None;
    for cut in cuts {
        let progress = syntax.progress(&text[..cut]);
        if let Some(decided) = &decided {
            assert_eq!(&progress, decided, "{text:?} at {cut}");
            continue;
        }
        match &progress {
            Progress::Pending => assert_eq!(awaited, None),
            Progress::AwaitsResult { name, args, end } => {
                let now = (name.clone(), args.clone(), *end);
                assert_eq!(awaited.get_or_insert(now.clone()), &now);
                if let Some(call) = whole {
                    assert_eq!((&call.name, &call.args), (name, args));
                    assert_eq!(call.arrow_span.as_ref().map(|arrow| arrow.end), Some(*end));
                }
            }
            Progress::Closed { call, end } => {
                assert_eq!(Some(call), whole, "{text:?} at {cut}");
                assert_eq!(*end, cut.min(*end));
                decided = Some(progress);
            }
            Progress::NotACall(kind) => {
                assert_eq!(whole, None, "{text:?} at {cut}");
                if awaited.is_some() {
                    assert_eq!(*kind, DiagnosticKind::UnclosedResult);
                }
                decided = Some(progress);
            }
        }
    }
    // The end of the line decides everything.
    if text.starts_with('[') && decided.is_none() {
        match syntax.progress(&format!("{text}\n")) {
            Progress::Closed { call, .. } => assert_eq!(Some(&call), whole),
            Progress::NotACall(_) => assert_eq!(whole, None),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_string(text in any::<String>()) {
        check_everything(&text);
        check_progress(&text);
    }

    #[test]
    fn any_callish_string(text in callish()) {
        check_everything(&text);
        check_progress(&text);
        check_progress(&format!("[a({text}"));
        check_progress(&format!("[a(1) {text}"));
    }

    #[test]
    fn a_printed_call_is_read_back(args in "[a-z0-9 +*/.,é]{0,12}", result in any::<String>()) {
        let syntax = Syntax::default();
        let result = sanitize_result(&syntax, &result);
        let text = format!("x{}{} y", syntax.call("A", &args), syntax.call_with_result("B", &args, &result));
        let document = parse(&text, &syntax);
        prop_assert_eq!(document.calls().len(), 2);
        prop_assert_eq!(&document.calls()[0].args, args.trim());
        prop_assert_eq!(document.calls()[1].result.clone().unwrap_or_default(), result);
    }

    #[test]
    fn a_result_changes_nothing_else(before in callish(), result in callish(), after in callish()) {
        let syntax = Syntax::default();
        let text = format!("{before} [Tool(x)]{after}");
        let mut tools = Registry::new();
        let answer = result.clone();
        tools.insert(FnTool::new("Tool", "answers", move |_| Ok(answer.clone()))).unwrap();
        let invoked = invoke(&text, &tools, &syntax, Policy::Leave).unwrap();
        let (old, new) = (parse(&text, &syntax), parse(&invoked.text, &syntax));
        prop_assert_eq!(old.calls().len(), new.calls().len());
        for ((old, new), said) in old.calls().iter().zip(new.calls()).zip(&invoked.calls) {
            prop_assert_eq!((&old.name, &old.args), (&new.name, &new.args));
            prop_assert_eq!(&new.span, &said.span);
        }
        let again = invoke(&invoked.text, &tools, &syntax, Policy::Leave).unwrap();
        prop_assert_eq!(again.text, invoked.text);
    }

    #[test]
    fn the_calls_of_the_new_text_are_those_that_are_said(text in callish(), result in callish(), odd in any::<bool>()) {
        let syntax = if odd { Syntax::new(" -%", "%-", "~>>", &["→"]).unwrap() } else { Syntax::default() };
        let text = text.replace('[', syntax.bare_open()).replace(']', syntax.close()).replace("->", syntax.arrow());
        let mut tools = Registry::new();
        tools.insert(FnTool::new("a", "answers", move |_| Ok(result.clone()))).unwrap();
        for policy in [Policy::Leave, Policy::Drop, Policy::Mark] {
            let invoked = invoke(&text, &tools, &syntax, policy).unwrap();
            let found = parse(&invoked.text, &syntax);
            let found = found.calls().iter().map(|call| (&call.span, &call.name, &call.args));
            let said = invoked.calls.iter().filter(|call| !call.span.is_empty());
            prop_assert!(found.eq(said.map(|call| (&call.span, &call.name, &call.args))), "{}", invoked.text);
        }
    }
}
