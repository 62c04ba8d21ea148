//! Requests that join and leave, what is shared between them, and what is told while they run.

use std::collections::BTreeMap;

use proptest::prelude::*;
use toolformer_decode::{
    CallSettings, DecodeError, Engine, EngineSettings, Event, GenerateSettings, Generation, Request,
    RequestId, Sampling, ToolUse, Tools, Usage,
};
use toolformer_model::CausalLm;
use toolformer_text::{FnTool, Policy, Registry, Syntax, ToolError};

use crate::models::{B, Scripted, calling, multiplier, prompt, tiny, windowed};

/// A text that the others begin with.
const HEAD: &str = "the cat 12 + 3 = 15 and zebra";

fn text(number: usize) -> String {
    const ENDS: [&str; 6] = ["", " the", " 12 +", " zebra, and the cat", " a", ", the the zebra 7"];
    // Some begin with all of the head, some with half of it, some with nothing of it.
    let head = [HEAD, &HEAD[..18], ""][number / ENDS.len() % 3];
    format!("{head}{} {}", ENDS[number % ENDS.len()], number / 18)
}

fn settings(number: usize) -> GenerateSettings {
    let temperature = [0.0, 0.9][number % 2];
    let sampling = Sampling::at_temperature(temperature);
    let n = if temperature > 0.0 { 1 + number % 3 } else { 1 };
    GenerateSettings { max_tokens: 2 + number % 9, sampling, seed: 11, n, ..Default::default() }
}

/// All that was told of a request.
#[derive(Default)]
struct Told {
    streamed: BTreeMap<usize, String>,
    ended: Vec<Generation>,
}

/// Submits requests at the steps that `arrivals` name and runs them to their ends.
fn run<M: CausalLm<B>>(
    model: &M,
    arrivals: &[(usize, usize)],
    engine: EngineSettings,
) -> (BTreeMap<usize, Told>, Usage) {
    let tokenizer = tiny().1;
    let vocab_size = u32::try_from(model.vocab_size()).unwrap();
    let mut engine = Engine::<B, M>::new(model, &tokenizer, engine).unwrap();
    let (mut told, mut numbers) = (BTreeMap::<usize, Told>::new(), BTreeMap::<RequestId, usize>::new());
    let (mut step, mut next) = (0, 0);
    while next < arrivals.len() || !engine.is_idle() {
        while let Some(&(at, number)) = arrivals.get(next).filter(|&&(at, _)| at <= step || engine.is_idle())
        {
            let mut prompt = prompt(&tokenizer, &text(number));
            prompt.ids.iter_mut().for_each(|id| *id %= vocab_size);
            let request = Request { prompt, settings: settings(number), tools: Tools::None };
            numbers.insert(engine.submit(request).unwrap(), number);
            next += 1;
            step = step.max(at);
        }
        for event in engine.step().unwrap() {
            let told = told.entry(numbers[&event.request()]).or_default();
            match event {
                Event::Text { index, text, .. } => *told.streamed.entry(index).or_default() += &text,
                Event::Done { generation, .. } => told.ended.push(generation),
                Event::Call { .. } | Event::Failed { .. } => panic!("{event:?}"),
            }
        }
        step += 1;
    }
    let usage = engine.usage();
    (told, usage)
}

fn ids(told: &Told) -> Vec<(usize, Vec<u32>)> {
    let mut ids: Vec<_> = told.ended.iter().map(|ended| (ended.index, ended.ids.clone())).collect();
    ids.sort();
    ids
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Batched and alone, cached and not, prefixes shared and not, with memory for all and for few, streamed and whole.
    #[test]
    fn whatever_runs_beside_it_a_request_gives_the_same(
        arrivals in prop::collection::btree_map(0..36usize, 0..12usize, 1..14),
        batch in 1..9usize,
        chunk in prop_oneof![1..8usize, Just(512)],
        interleave: bool,
        remember: bool,
        overlap_calls: bool,
        sees_a_window: bool,
        memory in prop_oneof![0..60_000usize, Just(1 << 30)],
    ) {
        let (model, tokenizer) = tiny();
        let model = if sees_a_window { windowed() } else { model };
        let mut arrivals: Vec<_> = arrivals.into_iter().map(|(number, at)| (at, number)).collect();
        arrivals.sort();
        let engine = EngineSettings { batch, memory, remember, chunk, interleave, overlap_calls };
        let (told, usage) = run(&model, &arrivals, engine);
        for &(_, number) in &arrivals {
            let alone = EngineSettings { batch: 1, remember: false, ..EngineSettings::default() };
            let (alone, _) = run(&model, &[(0, number)], alone);
            prop_assert_eq!(ids(&told[&number]), ids(&alone[&number]), "request {}", number);
            for ended in &told[&number].ended {
                let streamed = told[&number].streamed.get(&ended.index).cloned().unwrap_or_default();
                prop_assert_eq!(&streamed, &ended.completion);
            }
        }
        // Every token is computed once, or known from others.
        let ended = || told.values().flat_map(|told| &told.ended);
        let all: usize = ended().map(|ended| ended.computed).sum();
        prop_assert_eq!(usage.computed, all);
        if usage.preempted == 0 {
            for &(_, number) in &arrivals {
                let prompt = tokenizer.encode(&text(number)).unwrap().len();
                for ended in &told[&number].ended {
                    let unfed = usize::from(ended.ids.len() == settings(number).max_tokens);
                    prop_assert_eq!(ended.computed + ended.reused, prompt + ended.ids.len() - unfed);
                }
            }
        }
    }
}

#[test]
fn what_texts_begin_with_alike_is_computed_once() {
    let (model, tokenizer) = tiny();
    // Six texts with the whole head, at once and one after another.
    for late in [0, 100] {
        let arrivals: Vec<_> = (0..6).map(|number| (late * number, number)).collect();
        let (told, usage) = run(&model, &arrivals, EngineSettings::default());
        let head = tokenizer.encode(HEAD).unwrap().len();
        let prompts: usize = (0..6).map(|number| tokenizer.encode(&text(number)).unwrap().len()).sum();
        let read: usize = prompts - usage.reused.min(prompts);
        assert!(usage.reused >= 4 * head, "{usage:?} with a head of {head}");
        assert!(read <= prompts - 4 * head, "{usage:?}");
        assert_eq!(told.len(), 6);
    }
}

#[test]
fn a_prompt_that_was_read_and_its_completion_are_known() {
    let (model, tokenizer) = tiny();
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let settings = GenerateSettings { max_tokens: 6, ..Default::default() };
    let first = prompt(&tokenizer, HEAD);
    let done = engine.complete(std::slice::from_ref(&first), &settings, &Tools::None, |_, _| {}).unwrap();
    // A chat goes on: all but the last token, which was never fed, is known.
    let mut second = first.clone();
    second.ids.extend(&done[0].ids);
    second.ids.extend(tokenizer.encode(" the").unwrap());
    let known = first.ids.len() + done[0].ids.len() - 1;
    let again = engine.complete(std::slice::from_ref(&second), &settings, &Tools::None, |_, _| {}).unwrap();
    assert_eq!((again[0].reused, known), (known, known));
    // An engine that comes later knows it too.
    let tree = engine.into_tree();
    assert!(tree.tokens() >= second.ids.len() && tree.bytes() > 0);
    let mut other = Engine::<B, _>::with_tree(&model, &tokenizer, EngineSettings::default(), tree).unwrap();
    let third = other.complete(&[second.clone()], &settings, &Tools::None, |_, _| {}).unwrap();
    assert_eq!((third[0].reused, &third[0].ids), (second.ids.len() - 1, &again[0].ids));
}

#[test]
fn memory_is_kept_within_its_budget() {
    let (model, tokenizer) = tiny();
    let prompts: Vec<_> = (0..36).map(|number| prompt(&tokenizer, &text(number))).collect();
    let settings = GenerateSettings { max_tokens: 12, ..Default::default() };
    let run = |memory| {
        let engine = EngineSettings { memory, ..EngineSettings::default() };
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, engine).unwrap();
        for prompt in &prompts {
            let (prompt, settings) = (prompt.clone(), settings.clone());
            engine.submit(Request { prompt, settings, tools: Tools::None }).unwrap();
        }
        let (mut most, mut rows, mut done) = (0, 0, BTreeMap::new());
        while !engine.is_idle() {
            for event in engine.step().unwrap() {
                if let Event::Done { request, generation } = event {
                    done.insert(request, generation.ids);
                }
            }
            (most, rows) = (most.max(engine.bytes()), rows.max(engine.running()));
        }
        (done, most, rows, engine.usage())
    };
    let (free, most, rows, free_usage) = run(1 << 30);
    assert_eq!((free_usage.preempted, free.len()), (0, 36));
    assert!(rows > 8, "{rows} rows");
    let budget = most / 4;
    let (tight, most, rows, usage) = run(budget);
    assert_eq!(tight, free);
    assert!(most <= budget && rows >= 2, "{most} bytes of {budget}, {rows} rows, {usage:?}");
    // Rows give way now and then, not at every step.
    assert!(usage.preempted <= 36 && usage.computed <= 3 * free_usage.computed, "{usage:?}, {free_usage:?}");
}

#[test]
fn a_request_that_is_cancelled_leaves_the_others_alone() {
    let (model, tokenizer) = tiny();
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let ids: Vec<_> = [3, 4, 5, 8]
        .map(|number| {
            let prompt = prompt(&tokenizer, &text(number));
            engine.submit(Request { prompt, settings: settings(8), tools: Tools::None }).unwrap()
        })
        .to_vec();
    let mut done = Vec::new();
    for step in 0.. {
        if step == 2 {
            engine.cancel(ids[1]);
        }
        if engine.is_idle() {
            break;
        }
        for event in engine.step().unwrap() {
            assert!(step < 2 || event.request() != ids[1]);
            if let Event::Done { request, .. } = event {
                done.push(request);
            }
        }
    }
    assert_eq!(done.len(), 3);
}

#[test]
fn what_is_read_is_told_before_all_of_it_is_read() {
    let (model, tokenizer) = tiny();
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let settings = GenerateSettings { max_tokens: 1, ..Default::default() };
    for number in 0..60 {
        let prompt = prompt(&tokenizer, &text(number));
        engine.submit(Request { prompt, settings: settings.clone(), tools: Tools::None }).unwrap();
    }
    let mut told = Vec::new();
    while !engine.is_idle() {
        told.push(engine.step().unwrap().iter().filter(|event| matches!(event, Event::Done { .. })).count());
    }
    assert_eq!(told.iter().sum::<usize>(), 60);
    assert!(told.iter().all(|&told| told <= 16), "{told:?}");
}

/// What others gave is not lost where one of the prompts fails.
#[test]
fn a_prompt_that_fails_takes_no_other_requests_along() {
    let tokenizer = tiny().1;
    let script = ["the", " [", "Calculator(nothing)", " ->", " !"];
    let model = Scripted::new(tiny().0, &tokenizer, &script);
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { policies: Policy::Fail.into(), ..CallSettings::default() });
    let until: usize = script[1..4].iter().map(|part| tokenizer.encode(part).unwrap().len()).sum();
    // In whatever step the other one ends, before, with, or after the failure.
    for max_tokens in 1..until + 4 {
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
        let settings = GenerateSettings { max_tokens, ..Default::default() };
        let prompt = prompt(&tokenizer, script[0]);
        let other = engine.submit(Request { prompt: prompt.clone(), settings, tools: Tools::None }).unwrap();
        let settings = GenerateSettings { max_tokens: 60, ..Default::default() };
        let failed = engine.complete(&[prompt], &settings, &Tools::Enabled(tools.clone()), |_, _| {});
        assert!(matches!(failed, Err(DecodeError::Call { .. })), "{failed:?}");
        let mut done = 0;
        while !engine.is_idle() {
            for event in engine.step().unwrap() {
                assert_eq!(event.request(), other);
                done += usize::from(matches!(event, Event::Done { .. }));
            }
        }
        assert_eq!(done, 1, "{max_tokens}");
    }
}

/// Two samples whose tools answer in the same moment, of which one fails.
#[test]
fn nothing_is_told_of_a_request_that_has_failed() {
    let tokenizer = tiny().1;
    let script = ["the", " [", "Clock(12)", " ->", " 3] and the cat 12 the"];
    let model = Scripted::new(tiny().0, &tokenizer, &script);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let clock_tool = move |_: &str| {
        std::thread::sleep(std::time::Duration::from_millis(30));
        match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2 {
            0 => Ok("3".to_owned()),
            _ => Err(ToolError::failed("no")),
        }
    };
    let mut registry = Registry::new();
    registry.insert(FnTool::new("Clock", "", clock_tool)).unwrap();
    let (syntax, clock) = (Syntax::default(), || 0.0);
    let tools = ToolUse::new(&registry, &syntax, &clock)
        .with(CallSettings { policies: Policy::Fail.into(), ..CallSettings::default() });
    let overlap = EngineSettings { overlap_calls: true, ..EngineSettings::default() };
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, overlap).unwrap();
    let sampling = Sampling { temperature: 0.01, ..Sampling::default() };
    let settings = GenerateSettings { n: 2, sampling, max_tokens: 60, ..Default::default() };
    let prompt = prompt(&tokenizer, script[0]);
    engine.submit(Request { prompt, settings, tools: Tools::Enabled(tools) }).unwrap();
    while engine.usage().parked < 2 {
        engine.step().unwrap();
    }
    // Both are there when the engine looks.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let mut told = Vec::new();
    while !engine.is_idle() {
        told.extend(engine.step().unwrap());
    }
    assert!(matches!(told.last(), Some(Event::Failed { .. })), "{told:?}");
}

/// Earlier texts, prompts that are read, and rows together.
#[test]
fn memory_is_kept_within_its_budget_at_every_moment() {
    let (model, tokenizer) = (calling(), tiny().1);
    let shape = model.cache_shape();
    let of_token = shape.n_layers * shape.n_kv_heads * shape.d_head * 2 * size_of::<f32>();
    let budget = 6000 * of_token;
    let memory = EngineSettings { memory: budget, ..EngineSettings::default() };
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, memory).unwrap();
    let sampling = Sampling::at_temperature(1.0);
    let mut most = 0;
    // Short texts fill the tree; then come long ones with samples, that begin alike or not.
    for number in 0..120 {
        let text = match number {
            0..60 => format!("{number} {HEAD} {HEAD}"),
            60..90 => format!("{number} {}", [HEAD; 14].join(" ")),
            _ => format!("{} {number}", [HEAD; 14].join(" ")),
        };
        let n = if number % 3 == 0 { 4 } else { 1 };
        let settings = GenerateSettings { n, max_tokens: 5 + number % 20, sampling, ..Default::default() };
        engine.submit(Request { prompt: prompt(&tokenizer, &text), settings, tools: Tools::None }).unwrap();
    }
    let (mut done, mut rows) = (0, 0);
    while !engine.is_idle() {
        let ended = |event: &Event| matches!(event, Event::Done { .. });
        done += engine.step().unwrap().iter().filter(|event| ended(event)).count();
        most = most.max(engine.bytes());
        rows = rows.max(engine.running());
    }
    assert_eq!(done, 120 + 3 * 40);
    assert!(most <= budget, "{most} bytes of {budget}: {:?}", engine.usage());
    assert!(rows >= 12, "{rows} rows");
}

/// One script that all rows follow.
const SCRIPT: [&str; 8] =
    ["the", " [", "Calculator(12 * 3)", " ->", " 36]", " 36 the", " and \u{20ac}12 the zebra", "!"];

#[test]
fn requests_that_were_there_before_run_along_and_are_told_later() {
    let (model, tokenizer) = tiny();
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
    let request = Request { prompt: prompt(&tokenizer, HEAD), settings: settings(2), tools: Tools::None };
    let before = engine.submit(request).unwrap();
    let prompts = [prompt(&tokenizer, "a"), prompt(&tokenizer, "the 12")];
    let settings = GenerateSettings { max_tokens: 20, ..Default::default() };
    let done = engine.complete(&prompts, &settings, &Tools::None, |_, _| {}).unwrap();
    assert_eq!(done.len(), 2);
    assert!(!engine.is_idle());
    let told = engine.step().unwrap();
    assert!(told.iter().all(|event| event.request() == before));
    assert!(told.iter().any(|event| matches!(event, Event::Done { .. })) && engine.is_idle());
}

/// The texts of the events are the completion, whatever ends it, and nothing that was told is taken back.
#[test]
fn what_is_streamed_is_the_whole_text_at_every_cut_of_stop_strings_and_characters() {
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &SCRIPT);
    let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
    let rest = SCRIPT[1..].concat();
    let cuts: Vec<usize> = (0..=rest.len()).filter(|&at| rest.is_char_boundary(at)).collect();
    let pairs = cuts.iter().flat_map(|&from| cuts.iter().map(move |&to| (from, to)));
    for (from, to) in pairs.filter(|(from, to)| from < to && to - from < 9) {
        let stop = vec![rest[from..to].to_owned(), "zebra!?".to_owned()];
        let settings = GenerateSettings { stop: stop.clone(), max_tokens: 80, ..Default::default() };
        let tools = Tools::Enabled(ToolUse::new(&registry, &syntax, &clock));
        let mut streamed = String::new();
        let mut calls = 0;
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
        let done =
            engine.complete(&[prompt(&tokenizer, SCRIPT[0])], &settings, &tools, |_, event| match event {
                Event::Text { text, .. } => streamed += text,
                Event::Call { text, call, .. } => {
                    assert_eq!(call.span, [streamed.len(), streamed.len() + text.len()]);
                    streamed += text;
                    calls += 1;
                }
                _ => {}
            });
        let done = done.unwrap().remove(0);
        assert_eq!((&streamed, calls), (&done.completion, done.calls.len()), "{stop:?}");
        // Outside of the call, where stop strings are not looked for.
        let call_end = rest.find(']').unwrap() + 1;
        let expected = rest[call_end..].find(&stop[0]).map(|at| call_end + at);
        assert_eq!(done.completion, rest[..expected.unwrap_or(rest.len())], "{stop:?}");
    }
}

#[test]
fn nothing_of_a_call_is_told_before_it_is_certain() {
    let tokenizer = tiny().1;
    let script = ["the", " [", "Calculator(nothing)", " ->", " !", " 12 the", "!"];
    for (policy, expected) in [
        (Policy::Leave, " [Calculator(nothing) ->]"),
        (Policy::Mark, " [Calculator(nothing) -> error: "),
        (Policy::Drop, ""),
    ] {
        let model = Scripted::new(tiny().0, &tokenizer, &script);
        let (registry, syntax, clock) = (multiplier(), Syntax::default(), || 0.0);
        let tools = ToolUse::new(&registry, &syntax, &clock)
            .with(CallSettings { policies: policy.into(), ..CallSettings::default() });
        let settings = GenerateSettings { max_tokens: 200, ..Default::default() };
        let mut streamed = String::new();
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, EngineSettings::default()).unwrap();
        let prompts = [prompt(&tokenizer, script[0])];
        let done = engine
            .complete(&prompts, &settings, &Tools::Enabled(tools), |_, event| {
                if let Event::Text { text, .. } | Event::Call { text, .. } = event {
                    streamed += text;
                }
            })
            .unwrap()
            .remove(0);
        assert_eq!(streamed, done.completion);
        assert!(streamed.starts_with(expected), "{policy:?}: {streamed:?}");
        assert_eq!((done.calls.len(), done.calls[0].result.as_ref()), (1, None));
    }
}

/// Samples look at their prompt where the prefix tree has it, and this counts as memory.
#[test]
fn the_prompt_of_many_samples_lies_in_memory_once() {
    let (model, tokenizer) = (calling(), tiny().1);
    let text = [HEAD; 14].join(" ");
    let prompt = prompt(&tokenizer, &text);
    let tokens = prompt.ids.len();
    let shape = model.cache_shape();
    let of_token = shape.n_layers * shape.n_kv_heads * shape.d_head * 2 * size_of::<f32>();
    assert!(tokens > 250, "{tokens}");
    for remember in [true, false] {
        let engine = EngineSettings { batch: 8, remember, ..EngineSettings::default() };
        let mut engine = Engine::<B, _>::new(&model, &tokenizer, engine).unwrap();
        let sampling = Sampling::at_temperature(1.0);
        let settings = GenerateSettings { n: 8, max_tokens: 6, sampling, ..Default::default() };
        engine.submit(Request { prompt: prompt.clone(), settings, tools: Tools::None }).unwrap();
        engine.step().unwrap();
        assert_eq!((engine.running(), engine.usage().computed), (8, tokens + 8));
        let own = 8 * 32; // a row's own tokens, and room for more
        let held = engine.bytes() / of_token;
        assert!((tokens..tokens + own).contains(&held), "{held} tokens for {tokens}");
        while !engine.is_idle() {
            engine.step().unwrap();
        }
        assert_eq!(engine.bytes() / of_token >= tokens, remember);
    }
}
