//! Several calls, calls that follow from results, forbidden tools, and calls that give no result.

use std::cell::Cell;

use toolformer_decode::{
    CallSettings, DecodeError, Engine, EngineSettings, Event, Finish, GenerateSettings, Generation,
    Penalties, Prompt, Sampling, ToolUse, Tools,
};
use toolformer_model::Tokenizer;
use toolformer_text::{ArgumentGrammar, CallStatus, FnTool, Policies, Policy, Registry, Syntax, ToolError};

use crate::models::{B, Guided, Scripted, multiplier, prompt, tiny};

const PROMPT: &str = "the";

/// Ends a text.
const END: u32 = 0;

/// Completes the prompt with a model that says what `next` makes of its tokens; what is told on the way must be the whole.
fn guided_by(
    next: impl Fn(&Tokenizer, &[u32]) -> Option<u32>,
    settings: &GenerateSettings,
    tools: &Tools<'_>,
) -> Result<(Generation, usize), DecodeError> {
    let tokenizer = tiny().1;
    let model = Guided::new(|seen: &[u32]| next(&tokenizer, seen));
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default())?;
    let mut told = String::new();
    let prompts = [prompt(&tokenizer, PROMPT)];
    let done = engine.complete(&prompts, settings, tools, |_, event| {
        if let Event::Text { text, .. } | Event::Call { text, .. } = event {
            told += text;
        }
    });
    let done = done?.remove(0);
    assert_eq!(told, done.completion);
    Ok((done, model.fed.get()))
}

fn guided(
    next: impl Fn(&Tokenizer, &[u32]) -> Option<u32>,
    tools: &Tools<'_>,
) -> Result<(Generation, usize), DecodeError> {
    guided_by(next, &GenerateSettings { max_tokens: 60, ..Default::default() }, tools)
}

/// Says these tokens, whatever becomes of them, and then what the model would say.
fn says_ids(ids: Vec<u32>) -> impl Fn(&Tokenizer, &[u32]) -> Option<u32> {
    let said = Cell::new(0);
    move |_, _| {
        said.set(said.get() + 1);
        ids.get(said.get() - 1).copied()
    }
}

fn says(text: &str) -> impl Fn(&Tokenizer, &[u32]) -> Option<u32> {
    says_ids(tiny().1.encode_continuation(text).unwrap())
}

/// Completes the prompt with a model that says this call, in a context of any length.
fn scripted(call: &[&str], tools: &Tools<'_>) -> Result<Generation, DecodeError> {
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &[&[PROMPT], call].concat());
    let settings = GenerateSettings { max_tokens: 200, ..Default::default() };
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default())?;
    Ok(engine.complete(&[prompt(&tokenizer, PROMPT)], &settings, tools, |_, _| {})?.remove(0))
}

#[test]
fn a_stop_string_on_both_sides_of_a_dropped_call() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { policies: Policy::Drop.into(), ..CallSettings::default() });
    let settings = GenerateSettings { max_tokens: 60, stop: vec!["cat".to_owned()], ..Default::default() };
    let text = "12 c [Calculator(nothing) ->at the";
    let (done, _) = guided_by(says(text), &settings, &Tools::Enabled(tools)).unwrap();
    assert_eq!((done.completion.as_str(), done.calls.len()), ("12 ", 1));
}

/// The model begins one between the bytes of a character, which then goes on.
#[test]
fn a_dropped_call_within_a_character() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock).with(CallSettings {
        policies: Policy::Drop.into(),
        start_top_k: 0,
        ..CallSettings::default()
    });
    let tokenizer = tiny().1;
    let euro = tokenizer.encode_continuation("\u{20ac}").unwrap();
    assert_eq!(euro.len(), 3);
    let call = tokenizer.encode_continuation("[Calculator(nothing) ->").unwrap();
    let the = tokenizer.encode_continuation(" the").unwrap();
    let all = [&euro[..2], &call, &euro[2..], &the, &[END]].concat();
    let (done, _) = guided(says_ids(all), &Tools::Enabled(tools)).unwrap();
    assert_eq!((done.completion.as_str(), done.calls.len()), ("\u{20ac} the", 1));
}

#[test]
fn a_stop_string_behind_a_bracket_that_is_no_call() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock));
    let tokenizer = tiny().1;
    for (text, max_tokens) in [("12 [f(a cat", 60), ("12 [f(a cat the the", 8)] {
        let ids = [tokenizer.encode_continuation(text).unwrap(), vec![END]].concat();
        let settings = GenerateSettings { max_tokens, stop: vec![" c".to_owned()], ..Default::default() };
        let (done, _) = guided_by(says_ids(ids), &settings, &tools).unwrap();
        assert_eq!((done.completion.as_str(), done.finish), ("12 [f(a", Finish::Stop), "{text}");
    }
}

#[test]
fn a_call_may_take_its_argument_from_a_result() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { max_calls: 3, ..CallSettings::default() });
    // What is said depends on the text: the second call has the number that stands behind the first arrow.
    let next = |tokenizer: &Tokenizer, seen: &[u32]| {
        let text = tokenizer.decode(seen, false).unwrap();
        let written = text.strip_prefix(PROMPT)?;
        let results: Vec<&str> =
            written.split("-> ").skip(1).filter_map(|rest| Some(rest.split_once(']')?.0)).collect();
        let wanted = match results[..] {
            [] => " [Calculator(12 * 3) ->".to_owned(),
            [first] => format!(" [Calculator(12 * 3) -> {first}] [Calculator({first} * 2) ->"),
            [first, second, ..] => {
                format!(
                    " [Calculator(12 * 3) -> {first}] [Calculator({first} * 2) -> {second}] the {second}."
                )
            }
        };
        let ids =
            [tokenizer.encode(PROMPT).unwrap(), tokenizer.encode_continuation(&wanted).unwrap()].concat();
        Some(ids.get(seen.len()).copied().unwrap_or(0))
    };
    let (done, fed) = guided(next, &Tools::Enabled(tools)).unwrap();
    assert!(
        done.completion.starts_with(" [Calculator(12 * 3) -> 36] [Calculator(36 * 2) -> 72]"),
        "{}",
        done.completion
    );
    let results: Vec<_> = done.calls.iter().map(|call| call.result.as_deref()).collect();
    assert_eq!(results, [Some("36"), Some("72")]);
    let prompt = tiny().1.encode(PROMPT).unwrap().len();
    assert!(fed <= prompt + done.ids.len(), "{fed} tokens");
}

/// Behind a dropped call the model goes on as if it had never begun one, and one token was computed twice.
#[test]
fn a_dropped_call_leaves_no_trace() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let drops = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { policies: Policy::Drop.into(), ..CallSettings::default() });
    let (without, plain) = guided(|_, _| None, &Tools::Disabled(&syntax)).unwrap();
    for call in [" [Calculator(x) ->", " [Nothing(1) ->", " [Calculator() ->"] {
        let (with, fed) = guided(says(call), &Tools::Enabled(drops.clone())).unwrap();
        assert_eq!((with.calls.len(), with.calls[0].span), (1, [0, 0]), "{call}");
        assert_eq!(with.ids, without.ids, "{call}");
        let call = tiny().1.encode_continuation(call).unwrap().len();
        assert!(fed <= plain + call + 1, "{fed} tokens, {plain} without the call of {call}");
    }
}

#[test]
fn a_call_in_the_middle_is_dropped_with_its_space() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let drops = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { policies: Policy::Drop.into(), ..CallSettings::default() });
    let (done, _) = guided(says(" the cat [Calculator(x) ->"), &Tools::Enabled(drops)).unwrap();
    assert!(done.completion.starts_with(" the cat"), "{}", done.completion);
    assert_eq!(done.calls[0].span, [" the cat".len(); 2]);
    assert_eq!(tiny().1.decode(&done.ids, false).unwrap(), done.completion);
}

#[test]
fn each_reason_has_its_policy() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let policies = Policies { unknown_tool: Policy::Fail, no_result: Policy::Mark, ..Policy::Leave.into() };
    let tools = Tools::Enabled(
        ToolUse::new(&registry, &syntax, &clock).with(CallSettings { policies, ..CallSettings::default() }),
    );
    let marked = scripted(&[" [", "Calculator(x)", " ->"], &tools).unwrap();
    assert!(marked.completion.starts_with(" [Calculator(x) -> error: "), "{}", marked.completion);
    assert_eq!(marked.calls[0].status, CallStatus::NoResult);
    let failed = scripted(&[" [", "Nothing(1)", " ->"], &tools).unwrap_err();
    assert!(matches!(failed, DecodeError::Call { .. }), "{failed}");
}

#[test]
fn a_tool_that_does_not_answer_in_time_is_a_failure() {
    let mut registry = Registry::new().with_timeout(std::time::Duration::from_millis(20));
    let sleeper = FnTool::new("Sleep", "sleeps", |_: &str| {
        std::thread::sleep(std::time::Duration::from_secs(5));
        Ok("awake".to_owned())
    });
    registry.insert(sleeper).unwrap();
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let policies = Policies { failure: Policy::Mark, ..Policy::Leave.into() };
    let tools = Tools::Enabled(
        ToolUse::new(&registry, &syntax, &clock).with(CallSettings { policies, ..CallSettings::default() }),
    );
    let done = scripted(&[" [", "Sleep(1)", " ->"], &tools).unwrap();
    assert_eq!(done.calls[0].status, CallStatus::TimedOut);
    assert!(done.completion.starts_with(" [Sleep(1) -> error: "), "{}", done.completion);
}

#[test]
fn the_name_of_a_forbidden_tool_cannot_be_written() {
    let mut registry = multiplier();
    registry.insert(FnTool::new("Calendar", "the day", |_: &str| Ok("12".to_owned()))).unwrap();
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let run = |forbidden: &[&str], call: &str| {
        let forbidden = forbidden.iter().map(|&name| name.to_owned()).collect();
        let tools = ToolUse::new(&registry, &syntax, &clock)
            .with(CallSettings { forbidden, ..CallSettings::default() });
        guided(says(call), &Tools::Enabled(tools)).unwrap().0
    };
    assert_eq!(run(&[], " [Calculator(2 * 3) ->").calls.len(), 1);
    let done = run(&["Calculator"], " [Calculator(2 * 3) ->");
    assert!(done.calls.is_empty() && !done.completion.contains("Calculator("), "{}", done.completion);
    // The other one may be called all the same.
    assert_eq!(run(&["Calculator"], " [Calendar() ->").calls[0].result.as_deref(), Some("12"));
}

#[test]
fn a_bias_starts_more_calls() {
    let (model, tokenizer) = tiny();
    let script = ["the", " 12 the cat", "!"];
    let model = Scripted::new(model, &tokenizer, &script);
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let run = |start_bias| {
        let tools = ToolUse::new(&registry, &syntax, &clock).with(CallSettings {
            start_bias,
            start_top_k: 1,
            ..CallSettings::default()
        });
        let settings = GenerateSettings { max_tokens: 4, ..Default::default() };
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
        let prompts = [prompt(&tokenizer, script[0])];
        engine.complete(&prompts, &settings, &Tools::Enabled(tools), |_, _| {}).unwrap().remove(0).completion
    };
    assert!(!run(0.0).contains('[') && run(20.0).starts_with(" ["), "{} {}", run(0.0), run(20.0));
}

/// Calls of one step that wait for something wait together.
#[test]
fn calls_of_several_rows_run_beside_each_other() {
    let (barrier, tokenizer) = (std::sync::Arc::new(std::sync::Barrier::new(3)), tiny().1);
    let mut registry = Registry::new();
    let meet = FnTool::new("Meet", "waits for the others", move |_: &str| {
        barrier.wait();
        Err(ToolError::NoResult)
    });
    registry.insert(meet).unwrap();
    let script = ["the", " [", "Meet(1)", " ->", "]", " 12"];
    let model = Scripted::new(tiny().0, &tokenizer, &script);
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock));
    let prompts: Vec<_> = (0..3).map(|_| prompt(&tokenizer, script[0])).collect();
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let settings = GenerateSettings { max_tokens: 30, ..Default::default() };
    let done = engine.complete(&prompts, &settings, &tools, |_, _| {}).unwrap();
    assert!(done.iter().all(|done| done.calls.len() == 1));
}

/// A model that knows nothing of calls writes them all the same, to the tool that it may call, with arguments that it takes.
#[test]
fn constrained_rows_write_calls() {
    let (model, tokenizer) = tiny();
    let mut registry = Registry::new();
    for name in ["Twice", "Thrice"] {
        let tool = FnTool::new(name, "repeats", |args: &str| Ok(args.repeat(2)));
        registry.insert(tool.with_argument_grammar(ArgumentGrammar::matching("[0-9]{1,4}"))).unwrap();
    }
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let run = |constrained: bool, forbidden: &[&str]| {
        let forbidden = forbidden.iter().map(|&name| name.to_owned()).collect();
        let calls = CallSettings { start_bias: 100.0, constrained, forbidden, ..CallSettings::default() };
        let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock).with(calls));
        let sampling = Sampling::at_temperature(1.0);
        let settings = GenerateSettings { max_tokens: 60, n: 12, sampling, ..Default::default() };
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default())?;
        engine.complete(&[prompt(&tokenizer, PROMPT)], &settings, &tools, |_, _| {})
    };
    let free = run(false, &[]).unwrap();
    assert!(free.iter().all(|done| done.completion.starts_with(" [") && done.calls.is_empty()));
    let held = run(true, &[]).unwrap();
    for done in &held {
        let call = &done.calls[0];
        assert_eq!(call.status, CallStatus::Ok, "{}", done.completion);
        assert!(
            (1..=4).contains(&call.args.len()) && call.args.bytes().all(|b| b.is_ascii_digit()),
            "{call:?}"
        );
    }
    let called =
        |done: &[Generation], name: &str| done.iter().filter(|done| done.calls[0].name == name).count();
    assert!(called(&held, "Twice") > 0 && called(&held, "Thrice") > 0);
    assert_eq!(called(&run(true, &["Twice"]).unwrap(), "Thrice"), 12);
    assert!(matches!(run(true, &["Twice", "Thrice"]), Err(DecodeError::CallGrammar(_))));
}

/// A bracket that the model writes where it may begin no call is a bracket.
#[test]
fn what_is_no_call_is_not_held_to_one() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let calls = CallSettings { constrained: true, max_calls: 0, ..CallSettings::default() };
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock).with(calls));
    let done = scripted(&["[", "12", "] the"], &tools).unwrap();
    assert!(done.completion.starts_with("[12] the"), "{}", done.completion);
}

/// A call inside brackets that turn out to be none is found late, when tokens behind it were computed already.
#[test]
fn what_was_computed_behind_a_call_that_is_found_late_is_taken_back() {
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let calls = CallSettings { max_calls: 5, ..CallSettings::default() };
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock).with(calls));
    let tokenizer = tiny().1;
    let next = says(" [X(12 - 3 [Calculator(2 * 3) -> 5 6) z");
    let model = Guided::new(|seen: &[u32]| next(&tokenizer, seen));
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let settings = GenerateSettings { max_tokens: 45, ..Default::default() };
    let first = prompt(&tokenizer, PROMPT);
    let done = engine.complete(std::slice::from_ref(&first), &settings, &tools, |_, _| {}).unwrap().remove(0);
    assert!(done.completion.contains("[Calculator(2 * 3) -> 6]"), "{}", done.completion);
    // What the engine knows now of this text is what a new one computes.
    let whole = Prompt { key: String::new(), ids: [&first.ids[..], &done.ids].concat() };
    let settings = GenerateSettings { max_tokens: 8, logprobs: Some(1), ..Default::default() };
    let again = engine.complete(std::slice::from_ref(&whole), &settings, &Tools::None, |_, _| {}).unwrap();
    let mut other = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let alone = other.complete(&[whole], &settings, &Tools::None, |_, _| {}).unwrap();
    assert!(again[0].reused > 0);
    assert_eq!(again[0].ids, alone[0].ids);
    let told =
        |done: &Generation| Vec::from_iter(done.logprobs.iter().flatten().filter_map(|token| token.logprob));
    assert!(told(&again[0]).iter().zip(told(&alone[0])).all(|(a, b)| (a - b).abs() < 1e-4));
}

/// Rules that leave no token together do not end in any token.
#[test]
fn penalties_give_way_to_constraints() {
    let (model, tokenizer) = tiny();
    let mut registry = Registry::new();
    let tool = FnTool::new("Ones", "counts", |args: &str| Ok(args.len().to_string()));
    registry.insert(tool.with_argument_grammar(ArgumentGrammar::matching("(11){6}"))).unwrap();
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let calls = CallSettings { start_bias: 100.0, constrained: true, ..CallSettings::default() };
    let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock).with(calls));
    let penalties = Penalties { no_repeat_ngram: 1, ..Penalties::default() };
    let settings = GenerateSettings { max_tokens: 60, penalties, ..Default::default() };
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let done =
        engine.complete(&[prompt(&tokenizer, PROMPT)], &settings, &tools, |_, _| {}).unwrap().remove(0);
    assert_eq!(done.calls[0].args, "1".repeat(12), "{}", done.completion);
}
