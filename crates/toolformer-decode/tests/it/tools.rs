//! The paper's inference, token by token, with a model that follows a script.

use toolformer_decode::{
    CallSettings, Finish, GenerateSettings, Generation, Prompt, ToolUse, Tools, generate,
};
use toolformer_text::{CallStatus, FnTool, Registry, Syntax};

use crate::models::{Scripted, in_batches, multiplier, prompt, tiny};

/// Runs a model whose text is `parts`, of which the first is the prompt; where `tempted` parts end, it would rather
/// write `!` than go on.
fn run(parts: &[&str], tempted: usize, start_top_k: usize, max_calls: usize) -> Generation {
    let (model, tokenizer) = tiny();
    let other = tokenizer.encode("!").unwrap()[0];
    let model = Scripted::new(model, &tokenizer, parts).prefer(&tokenizer, &parts[..tempted], other);
    let (registry, syntax) = (multiplier(), Syntax::default());
    let clock = || 1.0;
    let tools = ToolUse::new(&registry, &syntax, &clock).with(CallSettings {
        start_top_k,
        max_calls,
        ..CallSettings::default()
    });
    let prompts: [Prompt; 1] = [prompt(&tokenizer, parts[0])];
    let settings = GenerateSettings { max_tokens: 80, ..Default::default() };
    generate(&model, &tokenizer, &prompts, &settings, &Tools::Enabled(tools)).unwrap().remove(0)
}

const CALL: [&str; 6] = ["the", " [", "Calculator(12 * 3)", " ->", " 36]", " 36 the"];

#[test]
fn a_start_in_the_top_k_is_taken_and_the_tool_answers() {
    let generation = run(&CALL, 1, 2, 1);
    assert_eq!(generation.completion, " [Calculator(12 * 3) -> 36] 36 the");
    assert_eq!(generation.finish, Finish::Eos);
    let call = &generation.calls[0];
    assert_eq!(&generation.completion[call.span[0]..call.span[1]], "[Calculator(12 * 3) -> 36]");
    assert_eq!((call.name.as_str(), call.args.as_str()), ("Calculator", "12 * 3"));
    assert_eq!((call.result.as_deref(), call.status), (Some("36"), CallStatus::Ok));
}

#[test]
fn no_token_is_computed_twice_across_the_call() {
    let generation = run(&CALL, 1, 2, 1);
    let (_, tokenizer) = tiny();
    // The end token is predicted, not fed.
    assert_eq!(generation.computed, tokenizer.encode("the").unwrap().len() + generation.ids.len());
}

#[test]
fn a_start_below_the_top_k_is_not_taken() {
    let generation = run(&CALL, 1, 1, 1);
    assert!(
        generation.completion.starts_with('!') && generation.calls.is_empty(),
        "{}",
        generation.completion
    );
}

#[test]
fn the_model_may_start_a_call_itself_with_any_tokens() {
    // `[` at the start of a text is no `" ["` token; the call is found in the text.
    let generation = run(&["the", "[", "Calculator(5 * 5)", "->", " 25]", " t"], 0, 0, 1);
    assert_eq!(generation.completion, "[Calculator(5 * 5)-> 25] t");
    assert_eq!(generation.calls[0].result.as_deref(), Some("25"));
}

#[test]
fn after_max_calls_no_call_starts() {
    let twice =
        ["the", " [", "Calculator(2 * 3)", " ->", " 6]", " [", "Calculator(2 * 4)", " ->", " 8]", " t"];
    assert_eq!(run(&twice, 0, 10, 2).calls.len(), 2);
    let once = run(&twice, 0, 10, 1);
    assert_eq!(once.calls.len(), 1);
    assert!(!once.completion[once.calls[0].span[1]..].contains(" ["), "{}", once.completion);
}

#[test]
fn failures_are_reported_and_the_text_goes_on() {
    let failed = run(&["the", " [", "Calculator(7)", " ->", "]", " t"], 0, 10, 1);
    assert_eq!(failed.completion, " [Calculator(7) ->] t");
    assert_eq!(failed.calls[0].status, CallStatus::NoResult);
    let unknown = run(&["the", " [", "Clock()", " ->", "]", " t"], 0, 10, 1);
    assert_eq!(unknown.calls[0].status, CallStatus::UnknownTool);
}

#[test]
fn brackets_that_are_no_call_are_text() {
    for text in [" [1] the", " [the cat] t", " [Calculator(12 * 3)] t"] {
        let generation = run(&["the", text], 0, 10, 1);
        assert_eq!(generation.completion, text);
        assert!(generation.calls.is_empty());
    }
}

/// Completes a scripted text with these settings.
fn complete(parts: &[&str], settings: &GenerateSettings, prefer: &[(usize, &str)]) -> Generation {
    let (model, tokenizer) = tiny();
    let mut model = Scripted::new(model, &tokenizer, parts);
    for &(tempted, token) in prefer {
        model = model.prefer(&tokenizer, &parts[..tempted], tokenizer.encode(token).unwrap()[0]);
    }
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { start_top_k: 2, ..CallSettings::default() });
    let prompts = [prompt(&tokenizer, parts[0])];
    generate(&model, &tokenizer, &prompts, settings, &Tools::Enabled(tools)).unwrap().remove(0)
}

#[test]
fn a_start_that_becomes_no_call_is_the_one_call_all_the_same() {
    // The start is forced twice in the script's place, but only the first time it is allowed.
    let parts = ["the", " [", "12", " [", "12 t"];
    let generation = complete(&parts, &GenerateSettings::default(), &[(1, "!"), (3, "!")]);
    assert!(generation.completion.starts_with(" [12!"), "{}", generation.completion);
}

#[test]
fn stop_strings_are_not_looked_for_in_calls_and_cut_the_ids_too() {
    let settings = GenerateSettings { stop: vec!["3".into(), "the".into()], ..Default::default() };
    let generation = complete(&CALL, &settings, &[]);
    // `3` stands in the arguments and the result; behind the call it ends the text.
    assert_eq!(generation.completion, " [Calculator(12 * 3) -> 36] ");
    assert_eq!(generation.finish, Finish::Stop);
    let span = generation.calls[0].span;
    assert_eq!(&generation.completion[span[0]..span[1]], "[Calculator(12 * 3) -> 36]");
    let (_, tokenizer) = tiny();
    assert_eq!(tokenizer.decode(&generation.ids, false).unwrap(), generation.completion);
}

#[test]
fn a_result_without_room_ends_the_text() {
    let (_, tokenizer) = tiny();
    let until_arrow = tokenizer.encode(" [Calculator(12 * 3) ->").unwrap().len();
    for room in 0..4 {
        let settings = GenerateSettings { max_tokens: until_arrow + room, ..Default::default() };
        let generation = complete(&CALL, &settings, &[]);
        assert!(generation.ids.len() <= settings.max_tokens);
        assert_eq!(generation.finish, Finish::Length);
        // It ran, but there is no result in the text.
        let call = &generation.calls[0];
        assert_eq!((call.status, call.result.as_deref()), (CallStatus::Ok, None));
        assert!(generation.completion.ends_with("->") && call.span[1] == generation.completion.len());
    }
}

#[test]
fn a_batch_with_calls_gives_what_each_prompt_gives_alone() {
    // Rows whose calls, results and texts differ in length leave and feed at different times. All follow one
    // script, so each prompt is a beginning of it.
    let script = ["the", " [", "Calculator(12 * 3)", " ->", " 36]", " 36 the", " and 12 the", "!"];
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &script);
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let prompts: Vec<Prompt> =
        [1, 5, 6, 1, 7].map(|parts| prompt(&tokenizer, &script[..parts].concat())).to_vec();
    let run = |batch| {
        let tools = ToolUse::new(&registry, &syntax, &clock)
            .with(CallSettings { start_top_k: 2, ..CallSettings::default() });
        let settings = GenerateSettings::default();
        in_batches(&model, &tokenizer, &prompts, &settings, &Tools::Enabled(tools), batch, |_, _| {}).unwrap()
    };
    let run = |batch| Vec::from_iter(run(batch).into_iter().map(|one| (one.completion, one.ids, one.calls)));
    let alone = run(1);
    assert_eq!(alone[0].0, script[1..].concat());
    assert_eq!((alone[0].2.len(), alone[2].2.len()), (1, 0));
    for batch in [2, 3, 5] {
        assert_eq!(run(batch), alone);
    }
}

#[test]
fn other_markers_work_as_well() {
    let (model, tokenizer) = tiny();
    let syntax = Syntax::new(" <%", "%>", "~>", &[]).unwrap();
    let parts = ["the", " <%", "Calculator(12 * 3)", " ~>", " 36%>", " t"];
    let model = Scripted::new(model, &tokenizer, &parts);
    let (registry, clock) = (multiplier(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { start_top_k: 2, ..CallSettings::default() });
    let prompts = [prompt(&tokenizer, "the")];
    let settings = GenerateSettings::default();
    let tools = Tools::Enabled(tools);
    let generation = generate(&model, &tokenizer, &prompts, &settings, &tools).unwrap().remove(0);
    assert_eq!(generation.completion, parts[1..].concat());
    assert_eq!(generation.calls[0].result.as_deref(), Some("36"));
}

#[test]
fn disabled_means_that_the_start_has_no_probability() {
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &CALL);
    let prompts = [prompt(&tokenizer, CALL[0])];
    let settings = GenerateSettings { max_tokens: 3, ..Default::default() };
    let complete = |tools: &Tools<'_>| {
        generate(&model, &tokenizer, &prompts, &settings, tools).unwrap().remove(0).completion
    };
    assert!(complete(&Tools::None).starts_with(" [C"));
    assert!(!complete(&Tools::Disabled(&Syntax::default())).starts_with(" ["));
}

#[test]
fn a_result_pairs_with_nothing_that_stands_before_it() {
    let (model, tokenizer) = tiny();
    // The call in the prompt ends in an open quote, which the result would close.
    let parts = ["[A(say \"hi)] ", "[", "Quote() ->", " x” }]", " the"];
    let model = Scripted::new(model, &tokenizer, &parts);
    let mut registry = Registry::new();
    registry.insert(FnTool::new("Quote", "quotes", |_| Ok("x\" )".to_owned()))).unwrap();
    let (syntax, clock) = (Syntax::default(), || 1.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { start_top_k: 1, ..CallSettings::default() });
    let settings = GenerateSettings { max_tokens: 80, ..Default::default() };
    let prompts = [prompt(&tokenizer, parts[0])];
    let done = generate(&model, &tokenizer, &prompts, &settings, &Tools::Enabled(tools)).unwrap();
    let text = format!("{}{}", parts[0], done[0].completion);
    let calls: Vec<_> = toolformer_text::parse(&text, &syntax).calls().iter().map(|c| c.inner()).collect();
    assert_eq!(calls, ["A(say \"hi)", "Quote()"], "{text}");
    assert_eq!(done[0].calls[0].result.as_deref(), Some("x” }"));
}
