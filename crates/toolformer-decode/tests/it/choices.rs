//! Several completions of a prompt, what ends them, and how likely their tokens were.

use burn::tensor::Tensor;
use toolformer_decode::{
    Engine, EngineSettings, Event, Finish, GenerateSettings, Generation, Penalties, Request, Sampling,
    TokenLogprob, Tools, generate,
};
use toolformer_model::{CausalLm as _, KvCache, TokenBatch, visit_log_probs};

use crate::models::{B, Scripted, in_batches, prompt, tiny};

const TEXTS: [&str; 3] = ["the cat", "a", "12 + 3 ="];

fn run((settings, batch): &(GenerateSettings, usize)) -> Vec<Generation> {
    let (model, tokenizer) = tiny();
    let prompts = TEXTS.map(|text| prompt(&tokenizer, text));
    let mut seen = Vec::new();
    let all =
        in_batches(&model, &tokenizer, &prompts, settings, &Tools::None, *batch, |prompt, generation| {
            seen.push((prompt, generation.clone()));
        })
        .unwrap();
    assert_eq!(seen.len(), all.len());
    for (prompt, generation) in seen {
        assert_eq!(all[prompt * settings.n + generation.index], generation);
    }
    all
}

fn drawn(n: usize, best_of: usize, batch: usize) -> (GenerateSettings, usize) {
    let sampling = Sampling::at_temperature(1.0);
    (GenerateSettings { max_tokens: 8, sampling, seed: 3, n, best_of, ..Default::default() }, batch)
}

fn texts(of: &[Generation]) -> Vec<&str> {
    of.iter().map(|generation| generation.completion.as_str()).collect()
}

#[test]
fn completions_are_those_of_any_number_in_any_batch() {
    let one = run(&drawn(1, 0, 16));
    let five = run(&drawn(5, 0, 16));
    for batch in [1, 2, 4, 7] {
        assert_eq!(texts(&run(&drawn(5, 0, batch))), texts(&five), "batch {batch}");
    }
    for (prompt, first) in one.iter().enumerate() {
        let own = &five[prompt * 5..][..5];
        assert_eq!(own[0].completion, first.completion);
        assert!(own.iter().map(|generation| generation.index).eq(0..5));
        assert!(own[1..].iter().any(|other| other.completion != first.completion), "all draws are one");
    }
}

#[test]
fn a_prompt_is_read_once_for_all_its_completions() {
    let (_, tokenizer) = tiny();
    for (prompt, own) in run(&drawn(4, 0, 16)).chunks(4).enumerate() {
        let read = tokenizer.encode(TEXTS[prompt]).unwrap().len();
        let unfed = own.iter().filter(|generation| generation.finish == Finish::Length).count();
        let written: usize = own.iter().map(|generation| generation.ids.len()).sum();
        assert_eq!(own.iter().map(|generation| generation.computed).sum::<usize>(), read + written - unfed);
    }
}

#[test]
fn the_most_likely_are_kept() {
    let all = run(&(GenerateSettings { logprobs: Some(0), ..drawn(6, 6, 16).0 }, 16));
    let best = run(&drawn(2, 6, 5));
    for (all, best) in all.chunks(6).zip(best.chunks(2)) {
        let mut order: Vec<&Generation> = all.iter().collect();
        order.sort_by(|a, b| b.mean_logprob.unwrap().total_cmp(&a.mean_logprob.unwrap()));
        assert_eq!(texts(best), [order[0].completion.as_str(), order[1].completion.as_str()]);
    }
}

/// `log p` of every token, by one pass over the whole text.
fn slow(ids: &[u32], top: usize) -> Vec<TokenLogprob> {
    let (model, _) = tiny();
    let mut cache = KvCache::<B>::new(model.cache_shape(), 1, ids.len(), &Default::default());
    let hidden: Tensor<B, 3> = model.forward(&TokenBatch::new(&[ids]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    let mut told = vec![TokenLogprob { id: ids[0], logprob: None, top: Vec::new() }];
    visit_log_probs(&model, hidden.reshape([seq, d_model]), |position, log_probs| {
        let Some(&id) = ids.get(position + 1) else { return };
        let mut order: Vec<(u32, f32)> = (0..).zip(log_probs.iter().copied()).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.truncate(top);
        told.push(TokenLogprob { id, logprob: Some(log_probs[id as usize]), top: order });
    });
    told
}

#[test]
fn log_probabilities_are_the_models_own() {
    let (_, tokenizer) = tiny();
    // What changes the choice does not change what is told.
    let penalties = Penalties { repetition: 1.4, ..Penalties::default() };
    let settings = GenerateSettings { logprobs: Some(3), echo: true, penalties, ..drawn(2, 0, 16).0 };
    for (number, generation) in run(&(settings, 16)).iter().enumerate() {
        let prompt = tokenizer.encode(TEXTS[number / 2]).unwrap();
        let expected = slow(&[&prompt[..], &generation.ids].concat(), 3);
        let told = generation.prompt_logprobs.iter().chain(&generation.logprobs).flatten();
        let told: Vec<&TokenLogprob> = told.collect();
        assert_eq!(told.len(), expected.len());
        for (told, expected) in told.into_iter().zip(expected) {
            assert_eq!(told.id, expected.id);
            let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-4, "{a} {b}");
            assert_eq!(told.logprob.is_none(), expected.logprob.is_none());
            told.logprob.iter().zip(expected.logprob).for_each(|(&a, b)| close(a, b));
            assert_eq!(told.top.len(), expected.top.len());
            told.top.iter().zip(expected.top).for_each(|(a, b)| close(a.1, b.1));
        }
    }
}

/// What a model does that writes ` 12 the` and ends.
fn scripted(settings: &GenerateSettings) -> Generation {
    let (model, tokenizer) = tiny();
    let model = Scripted::new(model, &tokenizer, &["the", " 12 the"]);
    let prompts = [prompt(&tokenizer, "the")];
    generate(&model, &tokenizer, &prompts, settings, &Tools::None).unwrap().remove(0)
}

#[test]
fn tokens_that_end_a_completion() {
    let (_, tokenizer) = tiny();
    let ids = tokenizer.encode(" 12 the").unwrap();
    let whole = scripted(&GenerateSettings::default());
    assert_eq!((whole.ids.as_slice(), whole.finish), (ids.as_slice(), Finish::Eos));
    let cut = scripted(&GenerateSettings { stop_ids: vec![ids[2]], ..Default::default() });
    assert_eq!((cut.ids.as_slice(), cut.finish), (&ids[..2], Finish::Stop));
}

#[test]
fn nothing_ends_a_completion_too_early() {
    let (_, tokenizer) = tiny();
    let ids = tokenizer.encode(" 12 the").unwrap();
    let settings = GenerateSettings {
        min_tokens: ids.len() + 2,
        max_tokens: 20,
        stop: vec!["2".into()],
        ..Default::default()
    };
    let longer = scripted(&settings);
    assert!(longer.ids.starts_with(&ids) && longer.ids.len() == ids.len() + 2, "{longer:?}");
    assert_eq!(longer.finish, Finish::Eos);
    let stopped = scripted(&GenerateSettings { stop_ids: vec![ids[1]], ..settings });
    assert!(!stopped.ids.contains(&ids[1]) || stopped.ids.len() >= ids.len() + 2, "{stopped:?}");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |settings: GenerateSettings, expected: &str| {
        let error = settings.validate(50).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let plain = || drawn(1, 0, 1).0;
    plain().validate(50).unwrap();
    refused(GenerateSettings { n: 0, ..plain() }, "`n`: must be at least 1");
    refused(GenerateSettings { n: 3, best_of: 2, ..plain() }, "`best_of`: must be at least n");
    refused(GenerateSettings { n: 2, sampling: Sampling::default(), ..plain() }, "`n`: of a greedy choice");
    refused(GenerateSettings { min_tokens: 9, ..plain() }, "`min_tokens`: is 9, but at most 8");
    refused(GenerateSettings { stop_ids: vec![50], ..plain() }, "`stop_ids`: names token 50");
    refused(GenerateSettings { logprobs: Some(51), ..plain() }, "`logprobs`: must be at most 50");
    refused(GenerateSettings { echo: true, ..plain() }, "`echo`: tells log-probabilities");
    refused(GenerateSettings { n: usize::MAX, ..plain() }, "`n`: must be at most 1024");
    refused(GenerateSettings { best_of: 1025, ..plain() }, "`best_of`: must be at most 1024");
}

#[test]
fn a_prompt_of_many_samples_is_read_once_for_its_log_probabilities() {
    let (model, tokenizer) = tiny();
    let prompt = prompt(&tokenizer, "the cat 12 + 3 = 15 and zebra");
    let settings = GenerateSettings {
        n: 5,
        max_tokens: 1,
        sampling: Sampling::at_temperature(0.9),
        logprobs: Some(1),
        echo: true,
        ..Default::default()
    };
    // Two at a time, so that the others come when it has been read.
    let engine = EngineSettings { batch: 2, ..EngineSettings::default() };
    let mut engine = Engine::<B, _>::new(&model, &tokenizer, engine).unwrap();
    // The same text, of which another request wants to know more.
    let more = GenerateSettings { logprobs: Some(4), n: 1, seed: 1, ..settings.clone() };
    for settings in [&settings, &more] {
        let (prompt, settings) = (prompt.clone(), settings.clone());
        engine.submit(Request { prompt, settings, tools: Tools::None }).unwrap();
    }
    let mut told = Vec::new();
    while !engine.is_idle() {
        for event in engine.step().unwrap() {
            if let Event::Done { generation, .. } = event {
                told.push(generation.prompt_logprobs.unwrap());
            }
        }
    }
    assert_eq!(told.iter().map(|told| told.len()).collect::<Vec<_>>(), [prompt.ids.len(); 6]);
    let tops: Vec<usize> = told.iter().map(|told| told[1].top.len()).collect();
    assert_eq!(tops, [1, 1, 1, 1, 1, 4]);
    // Once for each request, and the last token anew for samples that come later.
    assert!(engine.usage().computed <= 2 * prompt.ids.len() + 3, "{:?}", engine.usage());
}
