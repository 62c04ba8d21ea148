//! Parsing, whole and in chunks; calls run and their results woven in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use toolformer_text::{
    Call, Diagnostic, FnTool, Invoker, Parameter, ParameterType, Parameters, Policy, Registry, StreamEvent,
    StreamParser, Syntax, ToolError, invoke, parse, split_arguments,
};

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let Ok(odd) = Syntax::new(" -%", "%-", "~>>", &["→"]) else { panic!("these markers can work") };
    for syntax in [Syntax::default(), Syntax::lucidrains(), odd] {
        streamed(bytes, &syntax);
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        whole_and_in_chunks(text, usize::from(cut % 16) + 1, &syntax);
        invoked(text, &syntax);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        bound(text);
    }
});

/// Arguments of every type are read or refused.
fn bound(text: &str) {
    let _ = split_arguments(text);
    let any = || ParameterType::Any;
    let kinds = [any(), ParameterType::String, ParameterType::List(Box::new(any())), ParameterType::Number];
    for kind in kinds.into_iter().chain([ParameterType::Integer, ParameterType::Boolean, ParameterType::Raw])
    {
        let one = Parameter::new("a", kind);
        let _ = Parameters::new([one.clone()]).bind(text);
        let _ = Parameters::new([Parameter::new("b", any()).optional(), one]).bind(text);
    }
}

/// Any bytes at all, from a reader to a writer.
fn streamed(bytes: &[u8], syntax: &Syntax) {
    let tools = Registry::new();
    let mut out = Vec::new();
    let done = Invoker::new(&tools, syntax).stream(bytes, &mut out, |_| ());
    assert_eq!(done.is_ok(), std::str::from_utf8(bytes).is_ok());
    assert!(done.is_err() || out == bytes);
}

fn whole_and_in_chunks(text: &str, size: usize, syntax: &Syntax) {
    let document = parse(text, syntax);
    assert_eq!(document.print(), text);
    let (mut printed, mut calls, mut diagnostics) =
        (String::new(), Vec::<Call>::new(), Vec::<Diagnostic>::new());
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
    let rendered: Vec<String> = document.rendered_diagnostics().collect();
    assert!(rendered.iter().zip(&diagnostics).all(|(shown, diagnostic)| *shown == diagnostic.render(text)));
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
    for policy in [Policy::Leave, Policy::Drop, Policy::Mark] {
        let Ok(done) = invoke(text, &tools, syntax, policy) else { panic!("this policy has no errors") };
        let found = parse(&done.text, syntax);
        let found = found.calls().iter().map(|call| (&call.span, &call.name, &call.args));
        let said = done.calls.iter().filter(|call| !call.span.is_empty());
        assert!(found.eq(said.map(|call| (&call.span, &call.name, &call.args))));
    }
}
