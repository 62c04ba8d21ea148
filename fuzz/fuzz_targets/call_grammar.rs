//! What a constrained model can write: a call that the parser finds, with arguments that its tool binds; and patterns
//! of arguments that somebody else wrote.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use toolformer_text::{
    ArgumentGrammar, CallEnds, CallGrammar, FnTool, Parameter, ParameterType, Parameters, Progress, Registry,
    Syntax, ToolError,
};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    if kind == u8::MAX {
        return patterns(bytes);
    }
    let (tools, grammars) = made();
    let (ends, grammar) = &grammars[usize::from(kind) % grammars.len()];
    let syntax = Syntax::default();
    let mut position = grammar.start();
    let mut written = syntax.bare_open().as_bytes().to_vec();
    // A byte that may not stand here is passed over, so that any bytes lead somewhere.
    for &byte in bytes {
        let Some(next) = grammar.step(position, byte) else { continue };
        written.push(byte);
        position = next;
        if position.is_complete() {
            break;
        }
    }
    let Ok(text) = std::str::from_utf8(&written) else {
        assert!(!position.is_complete(), "a call is text");
        return;
    };
    let (name, args) = match (syntax.progress(text), position.is_complete()) {
        (Progress::Closed { call, .. }, true) if *ends != CallEnds::Arrow => (call.name, call.args),
        (Progress::AwaitsResult { name, args, .. }, true) if *ends != CallEnds::Closed => (name, args),
        (_, true) => panic!("{text:?} is complete, and no call"),
        (Progress::Closed { .. } | Progress::AwaitsResult { .. }, false) => {
            panic!("{text:?} is a call, and not complete")
        }
        (_, false) => return,
    };
    let outcome = tools.call(&name, &args);
    assert!(outcome.is_ok(), "{text:?}: {outcome:?}");
});

/// Tools of many sets of parameters, and the grammars of their calls.
fn made() -> &'static (Registry, Vec<(CallEnds, CallGrammar)>) {
    static MADE: OnceLock<(Registry, Vec<(CallEnds, CallGrammar)>)> = OnceLock::new();
    MADE.get_or_init(|| {
        use ParameterType::{Any, Boolean, Integer, List, Number, Raw, String};
        let list = |kind| List(Box::new(kind));
        let sets = [
            vec![],
            vec![Raw],
            vec![String],
            vec![Any, Integer],
            vec![String, Number, Boolean],
            vec![list(Integer), list(String)],
            vec![Integer, String, Raw],
            vec![list(list(Any)), list(list(Any)), list(list(Any))],
        ];
        let mut tools = Registry::new();
        for (number, set) in sets.into_iter().enumerate() {
            for required in 0..=set.len() {
                let parameter = |(at, kind): (usize, &ParameterType)| {
                    let parameter = Parameter::new(["a", "b", "c"][at], kind.clone());
                    if at < required { parameter } else { parameter.optional() }
                };
                let parameters = Parameters::new(set.iter().enumerate().map(parameter));
                let bound = parameters.clone();
                let bind = move |args: &str| bound.bind(args).map(|_| "bound".to_owned());
                let tool = FnTool::new(format!("T{number}.{required}"), "", bind).pure();
                let added = tools.insert(tool.with_parameters(parameters));
                assert!(added.is_ok(), "{added:?}");
            }
        }
        let grammars = [CallEnds::Closed, CallEnds::Arrow, CallEnds::Either].map(|ends| {
            let grammar = CallGrammar::new(tools.tools(), &Syntax::default(), ends);
            let Ok(grammar) = grammar else { panic!("{:?}", grammar.err()) };
            (ends, grammar)
        });
        (tools, grammars.into())
    })
}

/// Any pattern is a grammar or refused; what it lets through is read byte by byte.
fn patterns(bytes: &[u8]) {
    let (pattern, text) = bytes.split_at(bytes.len() / 2);
    let Ok(pattern) = std::str::from_utf8(pattern) else { return };
    let tool = FnTool::new("T", "", |_: &str| Err(ToolError::NoResult));
    let mut tools = Registry::new();
    let added = tools.insert(tool.with_argument_grammar(ArgumentGrammar::matching(pattern)));
    assert!(added.is_ok());
    let Ok(grammar) = CallGrammar::new(tools.tools(), &Syntax::default(), CallEnds::Either) else { return };
    let Some(mut position) = grammar.read(grammar.start(), b"T(") else { panic!("every call begins so") };
    for &byte in text.iter().chain(b")]") {
        position = grammar.step(position, byte).unwrap_or(position);
    }
}
