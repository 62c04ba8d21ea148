//! Rows whose tools take their time: others go on, and what was computed is not lost.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use toolformer_decode::{
    CallSettings, DecodeError, Engine, EngineSettings, Event, GenerateSettings, Generation, Request, ToolUse,
    Tools,
};
use toolformer_text::{FnTool, Policies, Policy, Registry, Syntax, ToolError};

use crate::models::{B, Scripted, prompt, tiny};

const SCRIPT: [&str; 5] = ["the", " [", "Clock(12)", " ->", " 3] and the cat 12 the"];

/// A tool that answers when it is told to, and a while after that.
fn waiting(after: Duration) -> (Registry, mpsc::Sender<Result<String, ToolError>>) {
    let (tools, sender, _) = waiting_and_telling(after);
    (tools, sender)
}

/// The same, and where a call says that it is the next to get an answer.
fn waiting_and_telling(
    after: Duration,
) -> (Registry, mpsc::Sender<Result<String, ToolError>>, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel();
    let (called, is_called) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    let answer = move |_: &str| {
        let receiver = receiver.lock().unwrap();
        let _ = called.send(());
        let given = receiver.recv_timeout(Duration::from_secs(120));
        drop(receiver);
        std::thread::sleep(after);
        given.unwrap_or_else(|_| Err(ToolError::failed("nobody told it what to say")))
    };
    let mut tools = Registry::new();
    tools.insert(FnTool::new("Clock", "", answer)).unwrap();
    (tools, sender, is_called)
}

fn overlapping() -> EngineSettings {
    EngineSettings { overlap_calls: true, ..EngineSettings::default() }
}

/// Runs until a request has ended.
fn next_done<M: toolformer_model::CausalLm<B>>(engine: &mut Engine<'_, B, M>) -> Generation {
    loop {
        for event in engine.step().unwrap() {
            if let Event::Done { generation, .. } = event {
                return generation;
            }
        }
    }
}

/// What the second of two requests gives, whose tool answers only after the first has ended.
fn late(answer: Result<String, ToolError>, calls: CallSettings, settings: EngineSettings) -> Generation {
    let tokenizer = tiny().1;
    let model = Scripted::new(tiny().0, &tokenizer, &SCRIPT);
    let (tools, sender) = waiting(Duration::ZERO);
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let with_tools = Tools::Enabled(ToolUse::new(&tools, &syntax, &clock).with(calls));
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, settings).unwrap();
    for (tools, max_tokens) in [(Tools::None, 30), (with_tools, 80)] {
        let settings = GenerateSettings { max_tokens, ..Default::default() };
        engine.submit(Request { prompt: prompt(&tokenizer, SCRIPT[0]), settings, tools }).unwrap();
    }
    // Would the step wait for the tool, it would wait for ever.
    let first = next_done(&mut engine);
    assert_eq!((first.completion.as_str(), first.calls.len()), (&*SCRIPT[1..].concat(), 0));
    assert_eq!((engine.usage().parked, engine.running(), engine.is_idle()), (1, 0, false));
    assert!(engine.step().unwrap().is_empty(), "there is nothing to tell yet");
    sender.send(answer).unwrap();
    let second = next_done(&mut engine);
    assert!(engine.is_idle());
    second
}

#[test]
fn others_go_on_while_a_tool_runs() {
    for remember in [true, false] {
        let settings = EngineSettings { remember, ..overlapping() };
        let done = late(Ok("3".to_owned()), CallSettings::default(), settings);
        assert_eq!(done.completion, SCRIPT[1..].concat());
        assert_eq!(done.calls[0].result.as_deref(), Some("3"));
        // Every token went through the model once: the row found what it had computed. The last one never did.
        let prompt = tiny().1.encode(SCRIPT[0]).unwrap().len();
        assert_eq!(done.computed + done.reused, prompt + done.ids.len(), "{done:?}");
    }
}

#[test]
fn a_late_call_without_a_result_is_treated_as_any_other() {
    for (policy, behind) in [(Policy::Leave, "]"), (Policy::Mark, " error: "), (Policy::Drop, "")] {
        let calls = CallSettings { policies: policy.into(), ..CallSettings::default() };
        let done = late(Err(ToolError::failed("no")), calls, overlapping());
        let expected = if policy == Policy::Drop { String::new() } else { SCRIPT[1..4].concat() + behind };
        assert!(done.completion.starts_with(&expected), "{policy:?}: {:?}", done.completion);
        assert_eq!((done.calls.len(), done.calls[0].result.as_ref()), (1, None));
    }
}

#[test]
fn a_request_whose_tool_runs_can_be_given_up() {
    let tokenizer = tiny().1;
    let model = Scripted::new(tiny().0, &tokenizer, &SCRIPT);
    let (tools, sender, is_called) = waiting_and_telling(Duration::ZERO);
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, overlapping()).unwrap();
    let request = || Request {
        prompt: prompt(&tokenizer, SCRIPT[0]),
        settings: GenerateSettings { max_tokens: 80, ..Default::default() },
        tools: Tools::Enabled(ToolUse::new(&tools, &syntax, &clock)),
    };
    let first = engine.submit(request()).unwrap();
    while engine.usage().parked == 0 {
        engine.step().unwrap();
    }
    is_called.recv().unwrap();
    engine.cancel(first);
    assert!(engine.is_idle());
    // What the tool says now concerns nobody, and the next call has its own answer.
    sender.send(Ok("1".to_owned())).unwrap();
    sender.send(Ok("2".to_owned())).unwrap();
    let second = engine.submit(request()).unwrap();
    let done = next_done(&mut engine);
    assert_eq!(done.calls[0].result.as_deref(), Some("2"), "{second:?}");
    assert!(engine.is_idle());
}

#[test]
fn a_late_call_that_ends_the_request() {
    let tokenizer = tiny().1;
    let model = Scripted::new(tiny().0, &tokenizer, &SCRIPT);
    // An answer that is there comes late all the same.
    let (tools, sender) = waiting(Duration::from_millis(100));
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let run = |max_tokens, policies| {
        let calls = CallSettings { policies, ..CallSettings::default() };
        let tools = Tools::Enabled(ToolUse::new(&tools, &syntax, &clock).with(calls));
        let settings = GenerateSettings { max_tokens, ..Default::default() };
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, overlapping()).unwrap();
        engine.submit(Request { prompt: prompt(&tokenizer, SCRIPT[0]), settings, tools }).unwrap();
        sender.send(Err(ToolError::failed("no"))).unwrap();
        let mut all = Vec::new();
        while !engine.is_idle() {
            all.extend(engine.step().unwrap());
        }
        assert_eq!(engine.usage().parked, 1);
        all
    };
    // There is no room for the end of the call.
    let call: usize = SCRIPT[1..4].iter().map(|part| tokenizer.encode(part).unwrap().len()).sum();
    let told = run(call, Policies::default());
    assert!(matches!(&told[..], [.., Event::Done { generation, .. }] if generation.calls.len() == 1));
    let told = run(call + 20, Policy::Fail.into());
    assert!(matches!(&told[..], [.., Event::Failed { error: DecodeError::Call { .. }, .. }]), "{told:?}");
}
