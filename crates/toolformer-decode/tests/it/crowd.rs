//! Requests of every kind, many at a time: none is touched by the others, each is answered once, and no memory is lost.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use toolformer_decode::{
    CallSettings, DecodeError, Engine, EngineSettings, Event, GenerateSettings, Generation, Penalties,
    Request, RequestId, Sampling, TokenLogprob, ToolUse, Tools, Usage,
};
use toolformer_model::{LanguageModel, Tokenizer};
use toolformer_text::{FnTool, Policy, Registry, Syntax, ToolError};

use crate::{
    memory::{live, peak_of},
    models::{B, calling, prompt, tiny},
};

/// What requests refer to.
struct World {
    model: LanguageModel<B>,
    tokenizer: Tokenizer,
    tools: Registry,
    syntax: Syntax,
}

impl World {
    /// With a calculator that takes so long over every other sum.
    fn new(slow: Option<Duration>) -> Self {
        let calculator = move |args: &str| {
            if let Some(time) = slow.filter(|_| args.len() % 2 == 1) {
                std::thread::sleep(time);
            }
            let (a, b) = args.split_once(['*', '+', '-', '/']).ok_or(ToolError::NoResult)?;
            let number = |text: &str| text.trim().parse::<i64>().map_err(|_| ToolError::NoResult);
            Ok((number(a)? * number(b)?).to_string())
        };
        let mut tools = Registry::new();
        let (calculator, clock) =
            (FnTool::new("Calculator", "", calculator), FnTool::new("Clock", "", |_: &str| Ok("12".into())));
        if slow.is_some() {
            tools.insert(calculator).unwrap();
        } else {
            tools.insert(calculator.pure()).unwrap();
        }
        tools.insert(clock.pure()).unwrap();
        Self { model: calling(), tokenizer: tiny().1, tools, syntax: Syntax::default() }
    }

    /// One of any number of requests; those of near numbers begin alike.
    fn request(&self, number: usize) -> Request<'_> {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let rng = &mut rng;
        const HEADS: [&str; 3] = ["the cat 12 * 3 is 36 and the cat, ", "the cat 12 ", ""];
        const TEXTS: [&str; 6] = ["12 * 3 is", "the cat", "a", "3 + 12 is 15 the", "12 / 3 the cat is", "go"];
        let text =
            format!("{}{} {}", HEADS[number / 8 % 3], TEXTS.choose(rng).unwrap(), rng.random_range(0..40));
        let greedy = rng.random_bool(0.3);
        let (n, more) = if greedy { (1, 0) } else { (rng.random_range(1..4), rng.random_range(0..3)) };
        let logprobs = rng.random_bool(0.3).then(|| rng.random_range(0..4));
        let max_tokens = rng.random_range(0..40);
        let settings = GenerateSettings {
            max_tokens,
            min_tokens: rng.random_range(0..=max_tokens.min(3)),
            sampling: Sampling::at_temperature(if greedy { 0.0 } else { 0.9 }),
            penalties: Penalties {
                presence: if rng.random_bool(0.2) { 0.5 } else { 0.0 },
                ..Penalties::default()
            },
            seed: 11,
            stop: if rng.random_bool(0.4) { vec!["cat".into(), "36 the".into()] } else { Vec::new() },
            stop_ids: if rng.random_bool(0.2) { vec![20] } else { Vec::new() },
            n,
            best_of: if more > 1 { n + more } else { 0 },
            logprobs,
            echo: logprobs.is_some() && rng.random_bool(0.5),
        };
        let calls = CallSettings {
            start_top_k: rng.random_range(0..30),
            start_bias: if rng.random_bool(0.5) { 4.0 } else { 0.0 },
            max_calls: rng.random_range(1..4),
            forbidden: if rng.random_bool(0.2) { vec!["Clock".into()] } else { Vec::new() },
            constrained: rng.random_bool(0.6),
            policies: (*[Policy::Leave, Policy::Mark, Policy::Drop, Policy::Fail].choose(rng).unwrap())
                .into(),
        };
        let tools = match rng.random_range(0..5) {
            0 => Tools::None,
            1 => Tools::Disabled(&self.syntax),
            _ => Tools::Enabled(ToolUse::new(&self.tools, &self.syntax, &|| 0.0).with(calls)),
        };
        Request { prompt: prompt(&self.tokenizer, &text), settings, tools }
    }
}

/// What was told of a request.
#[derive(Default)]
struct Told {
    streamed: BTreeMap<usize, String>,
    ended: Vec<Generation>,
    cancelled: bool,
    failed: bool,
}

/// When a request comes, and after how many steps it is given up.
#[derive(Clone, Copy, Debug)]
struct Visit {
    at: usize,
    number: usize,
    patience: Option<usize>,
}

fn run(world: &World, visits: &[Visit], settings: EngineSettings) -> (Vec<Told>, Usage) {
    let mut engine = Engine::<B, _>::new(&world.model, &world.tokenizer, settings).unwrap();
    let mut told: Vec<Told> = Vec::new();
    let mut ids: Vec<RequestId> = Vec::new();
    let mut step = 0;
    while ids.len() < visits.len() || !engine.is_idle() {
        while let Some(visit) = visits.get(ids.len()).filter(|visit| visit.at <= step || engine.is_idle()) {
            ids.push(engine.submit(world.request(visit.number)).unwrap());
            told.push(Told::default());
            step = step.max(visit.at);
        }
        for (at, visit) in visits[..ids.len()].iter().enumerate() {
            if visit.patience.is_some_and(|patience| visit.at + patience <= step) && !told[at].cancelled {
                engine.cancel(ids[at]);
                told[at].cancelled = true;
            }
        }
        for event in engine.step().unwrap() {
            let told = &mut told[ids.iter().position(|&id| id == event.request()).unwrap()];
            assert!(!told.cancelled && !told.failed, "{event:?}");
            match event {
                Event::Text { index, text, .. } => *told.streamed.entry(index).or_default() += &text,
                Event::Call { index, text, .. } => *told.streamed.entry(index).or_default() += &text,
                Event::Done { generation, .. } => told.ended.push(generation),
                Event::Failed { error: DecodeError::Call { .. }, .. } => told.failed = true,
                Event::Failed { error, .. } => panic!("{error}"),
            }
        }
        assert!(engine.running() <= settings.batch);
        step += 1;
    }
    (told, engine.usage())
}

/// All of a completion that does not depend on when it was made.
#[derive(Debug)]
struct Made {
    shown: String,
    /// Of the prompt, where they are told.
    logprobs: Vec<f32>,
}

/// Log-probabilities differ by rounding between shapes of batches.
impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.logprobs.iter().zip(&other.logprobs);
        self.shown == other.shown
            && self.logprobs.len() == other.logprobs.len()
            && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3)
    }
}

fn made(generations: &[Generation]) -> BTreeMap<usize, Made> {
    let made = |made: &Generation| {
        let Generation { completion, ids, calls, finish, logprobs, prompt_logprobs, .. } = made;
        let told = logprobs.as_ref().map(Vec::len);
        let prompt: Vec<_> = prompt_logprobs.iter().flatten().collect();
        let top = |token: &&TokenLogprob| (token.id, token.top.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        let tops: Vec<_> = prompt.iter().map(top).collect();
        let shown = format!("{completion:?} {ids:?} {calls:?} {finish:?} {told:?} {tops:?}");
        let logprobs = prompt.iter().filter_map(|token| token.logprob).collect();
        (made.index, Made { shown, logprobs })
    };
    let all: BTreeMap<usize, Made> = generations.iter().map(made).collect();
    assert_eq!(all.len(), generations.len(), "each is told once");
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// With tools that take their time, calls that are dropped, cancelled neighbours, stop strings and echoes.
    #[test]
    fn a_request_gives_the_same_in_any_company(
        visits in prop::collection::vec((0..12usize, 0..400usize, prop::option::weighted(0.2, 0..9usize)), 1..14),
        batch in 1..9usize,
        chunk in prop_oneof![1..8usize, Just(512)],
        interleave: bool,
        remember: bool,
        overlap_calls: bool,
        memory in prop_oneof![0..400_000usize, Just(1 << 30)],
    ) {
        let world = World::new(Some(Duration::from_millis(4)));
        let mut visits: Vec<_> =
            visits.into_iter().map(|(at, number, patience)| Visit { at, number, patience }).collect();
        visits.sort_by_key(|visit| visit.at);
        let engine = EngineSettings { batch, memory, remember, chunk, interleave, overlap_calls };
        let (told, usage) = run(&world, &visits, engine);
        for (visit, told) in visits.iter().zip(&told) {
            let alone = EngineSettings { batch: 1, remember: false, ..EngineSettings::default() };
            let visit = Visit { at: 0, patience: None, ..*visit };
            let (alone, _) = run(&world, &[visit], alone);
            let failed = alone[0].failed;
            let (alone, got) = (made(&alone[0].ended), made(&told.ended));
            prop_assert!(told.failed == failed || told.cancelled, "request {:?}", visit);
            // Of several completions those count that had ended before one failed.
            if told.cancelled || failed {
                prop_assert!(failed || got.iter().all(|(index, one)| alone.get(index) == Some(one)), "request {visit:?}");
                continue;
            }
            prop_assert_eq!(got, alone, "request {:?}", visit);
            let streams = world.request(visit.number).settings;
            for ended in told.ended.iter().filter(|_| streams.best_of <= streams.n) {
                let streamed = told.streamed.get(&ended.index).cloned().unwrap_or_default();
                prop_assert_eq!(&streamed, &ended.completion);
            }
        }
        if told.iter().all(|told| !told.cancelled && !told.failed) && visits.iter().all(|visit| {
            let settings = world.request(visit.number).settings;
            settings.best_of <= settings.n
        }) {
            let all: usize = told.iter().flat_map(|told| &told.ended).map(|ended| ended.computed).sum();
            prop_assert_eq!(usage.computed, all);
        }
        prop_assert!(overlap_calls || usage.parked == 0);
    }
}

#[test]
fn ten_thousand_requests_are_answered_once_and_leave_nothing_behind() {
    const REQUESTS: usize = 10_000;
    let world = World::new(None);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // Of 16 rows not all have room.
    let budget = 1 << 16;
    let mut lives = Vec::new();
    let mut kinds = BTreeMap::<&str, usize>::new();
    let peak = peak_of(|| {
        let settings = EngineSettings { memory: budget, overlap_calls: true, ..EngineSettings::default() };
        let mut engine = Engine::<B, _>::new(&world.model, &world.tokenizer, settings).unwrap();
        // How many completions are still to come.
        let mut open = BTreeMap::<RequestId, usize>::new();
        let mut submitted = 0;
        while submitted < REQUESTS || !engine.is_idle() {
            // Every thousand it comes to rest.
            let rests = submitted > 0 && submitted % 1000 == 0 && !engine.is_idle();
            while submitted < REQUESTS && !rests && open.len() < 40 {
                let request = world.request(submitted);
                let n = request.settings.n;
                open.insert(engine.submit(request).unwrap(), n);
                submitted += 1;
                if submitted % 1000 == 0 {
                    break;
                }
            }
            if rng.random_bool(0.05) && !open.is_empty() {
                let id = *open.keys().nth(rng.random_range(0..open.len())).unwrap();
                engine.cancel(id);
                open.remove(&id);
                *kinds.entry("cancelled").or_default() += 1;
            }
            for event in engine.step().unwrap() {
                let left = open.get_mut(&event.request()).expect("nothing is told of what has ended");
                if let Event::Done { generation, .. } = &event {
                    *left -= 1;
                    *kinds.entry("calls").or_default() += generation.calls.len();
                    *kinds.entry("answered").or_default() += usize::from(*left == 0);
                    let finish = format!("{:?}", generation.finish);
                    let finish = ["Stop", "Length", "Eos"].into_iter().find(|name| **name == finish).unwrap();
                    *kinds.entry(finish).or_default() += 1;
                    if *left == 0 {
                        open.remove(&event.request());
                    }
                }
                if let Event::Failed { error, request } = event {
                    assert!(matches!(error, DecodeError::Call { .. }), "{error}");
                    *kinds.entry("failed").or_default() += 1;
                    open.remove(&request);
                }
            }
            if engine.is_idle() {
                assert!(open.is_empty() && engine.bytes() <= budget);
                if lives.len() < submitted / 1000 {
                    lives.push(live());
                }
            }
        }
        assert!(engine.usage().preempted > 0, "memory is short now and then: {:?}", engine.usage());
    });
    assert_eq!(kinds["answered"] + kinds["cancelled"] + kinds["failed"], REQUESTS);
    for kind in ["calls", "Stop", "Length", "Eos", "cancelled", "failed"] {
        assert!(kinds[kind] > 20, "{kinds:?}");
    }
    assert_eq!(lives.len(), 10);
    // All threads are counted, since some give back what others took: other tests must not run beside it.
    if std::env::var_os("NEXTEST").is_some() {
        let (least, most) = (lives[1..].iter().min().unwrap(), lives[1..].iter().max().unwrap());
        assert!(most * 100 <= least * 105, "bytes at rest after every thousand: {lives:?}");
    }
    assert!(peak < 16 << 20, "{peak} bytes at most");
}
