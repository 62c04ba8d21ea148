//! Parsing, whole and in chunks; calls run and their results woven in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_text::{
    Call, Diagnostic, FnTool, Parameters, Policy, Registry, StreamEvent, StreamParser, Syntax, ToolError, invoke, parse,
    split_arguments,
};

fuzz_target!(|input: (u8, &str)| {
    let (cut, text) = input;
    for syntax in [Syntax::default(), Syntax::lucidrains()] {
        whole_and_in_chunks(text, usize::from(cut % 16) + 1, &syntax);
        invoked(text, &syntax);
    }
    let _ = split_arguments(text);
    let _ = Parameters::text("text").bind(text);
});

fn whole_and_in_chunks(text: &str, size: usize, syntax: &Syntax) {
    let document = parse(text, syntax);
    assert_eq!(document.print(), text);
    let (mut printed, mut calls, mut diagnostics) = (String::new(), Vec::<Call>::new(), Vec::<Diagnostic>::new());
    let mut take = |events: Vec<StreamEvent>| {
        for event in events {
            match event {
                StreamEvent::Text(plain) => printed += &plain,
                StreamEvent::Call { call, raw } => {
                    printed += &raw;
                    calls.push(call);
                }
                StreamEvent::Diagnostic(diagnostic) => diagnostics.push(diagnostic),
                _ => {}
            }
        }
    };
    let mut parser = StreamParser::new(syntax);
    let chars: Vec<char> = text.chars().collect();
    for chunk in chars.chunks(size) {
        take(parser.push(&chunk.iter().collect::<String>()));
    }
    take(parser.finish());
    assert_eq!(printed, text);
    assert_eq!(calls, document.calls());
    assert_eq!(diagnostics, document.diagnostics());
    for diagnostic in &diagnostics {
        assert!(!diagnostic.render(text).is_empty());
    }
}

/// Whatever a tool answers, the calls of the text stay what they are.
fn invoked(text: &str, syntax: &Syntax) {
    let mut tools = Registry::new();
    let answer = text.to_owned();
    let answers = FnTool::new("a", "answers with the whole text", move |args: &str| match args {
        "" => Err(ToolError::NoResult),
        _ => Ok(answer.clone()),
    });
    tools.insert(answers).ok();
    let Ok(done) = invoke(text, &tools, syntax, Policy::Leave) else { panic!("this policy has no errors") };
    let (before, after) = (parse(text, syntax), parse(&done.text, syntax));
    let name_and_args = |call: &Call| (call.name.clone(), call.args.clone());
    assert!(before.calls().iter().map(name_and_args).eq(after.calls().iter().map(name_and_args)));
    for policy in [Policy::Drop, Policy::Mark, Policy::Fail] {
        let _ = invoke(text, &tools, syntax, policy);
    }
}
