//! Sampled continuations against the slow, obvious way: one sample at a time, everything computed again.

use std::sync::Arc;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use toolformer_decode::{
    ContinuationSettings, Ending, Judgement, Place, Rows, Sampling, draw_rng, sample_continuations,
    sample_continuations_each,
};
use toolformer_model::{CausalLm, KvCache, LanguageModel, Prefix, TokenBatch, Tokenizer};

use crate::models::{B, tiny};

const MAX_TOKENS: usize = 7;

fn judge(text: &str) -> Judgement {
    match text {
        _ if text.contains('e') => Judgement::Complete,
        _ if text.contains('!') => Judgement::Hopeless,
        _ => Judgement::GoOn,
    }
}

fn slow(
    model: &LanguageModel<B>,
    tokenizer: &Tokenizer,
    context: &[u32],
    mut rng: ChaCha8Rng,
) -> (String, Ending) {
    let mut ids = context.to_vec();
    let mut bytes = Vec::new();
    for _ in 0..MAX_TOKENS {
        let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &Default::default());
        let hidden: Tensor<B, 3> = model.forward(&TokenBatch::new(&[&ids]), &mut cache);
        let [_, seq, d_model] = hidden.dims();
        let last = hidden.reshape([seq, d_model]).narrow(0, seq - 1, 1);
        let logits = model.logits(last).into_data().into_vec::<f32>().unwrap();
        let id = Sampling::at_temperature(1.0).pick(&logits, &mut rng);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if tokenizer.is_end(id) {
            return (text(&bytes), Ending::Eos);
        }
        ids.push(id);
        bytes.extend(tokenizer.token_bytes(id));
        match judge(&text(&bytes)) {
            Judgement::GoOn => {}
            Judgement::Complete => return (text(&bytes), Ending::Complete),
            Judgement::Hopeless => return (text(&bytes), Ending::Hopeless),
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), Ending::Length)
}

#[test]
fn shared_beginnings_change_nothing() {
    let (model, tokenizer) = tiny();
    let texts: Vec<Vec<u32>> =
        ["the cat", "12 * 3"].iter().map(|text| tokenizer.encode(text).unwrap()).collect();
    let mut rows = Rows::<B, _>::new(&model, 2, 8);
    let _ = rows.feed(&TokenBatch::new(&texts));
    let prefix = Arc::new(rows.freeze());
    let begin = tokenizer.encode(" [").unwrap();
    let draws =
        |place: usize| (0..40).map(move |sample| draw_rng(9, &[&place.to_string(), &sample.to_string()]));
    let spots = [(0, 2), (0, 4), (1, 1)];
    let places = spots.iter().enumerate();
    let places =
        places.map(|(i, &(group, visible))| Place { group, visible, draws: draws(i).collect() }).collect();
    let settings = ContinuationSettings {
        begin_with: &begin,
        sampling: Sampling::at_temperature(1.0),
        max_tokens: MAX_TOKENS,
        constraint: None,
    };
    let mut seen = Vec::new();
    let judge = move |bytes: &[u8]| {
        seen.extend_from_slice(bytes);
        judge(&String::from_utf8_lossy(&seen))
    };
    let found = sample_continuations(&model, &tokenizer, &prefix, places, settings, judge);
    let mut endings = std::collections::BTreeSet::new();
    for (i, &(group, visible)) in spots.iter().enumerate() {
        for (sample, rng) in draws(i).enumerate() {
            let context: Vec<u32> = texts[group][..visible].iter().chain(&begin).copied().collect();
            let (text, ending) = slow(&model, &tokenizer, &context, rng);
            let fast = &found.samples[i][sample];
            assert_eq!(
                (fast.text.as_str(), fast.ending),
                (text.as_str(), ending),
                "place {i}, sample {sample}"
            );
            endings.insert(format!("{ending:?}"));
        }
    }
    assert!(endings.len() >= 3, "the test sees too few kinds of ending: {endings:?}");
    // 120 samples share at least their first step: three rows instead of 120.
    assert!(found.computed < 3 + 120 * (MAX_TOKENS - 1));
}

/// A prefix of two tokens.
fn two_tokens(model: &LanguageModel<B>) -> Arc<Prefix<B>> {
    let mut rows = Rows::<B, _>::new(model, 1, 4);
    let _ = rows.feed(&TokenBatch::new(&[[5, 6]]));
    Arc::new(rows.freeze())
}

/// Up to three tokens behind another one.
fn three_more() -> ContinuationSettings<'static> {
    ContinuationSettings { begin_with: &[7], sampling: Sampling::default(), max_tokens: 3, constraint: None }
}

#[test]
fn nothing_to_sample_costs_nothing() {
    let (model, tokenizer) = tiny();
    let (prefix, settings) = (two_tokens(&model), three_more());
    let found =
        sample_continuations(&model, &tokenizer, &prefix, Vec::new(), settings, |_: &[u8]| Judgement::GoOn);
    assert_eq!((found.samples.len(), found.computed), (0, 0));
}

#[test]
fn each_place_may_have_its_own_judge() {
    let (model, tokenizer) = tiny();
    let (prefix, settings) = (two_tokens(&model), three_more());
    let place = |visible| Place { group: 0, visible, draws: vec![draw_rng(0, &[])] };
    // The number of the place that is judged says how.
    let judge_of =
        |place: usize| move |_: &[u8]| [Judgement::Complete, Judgement::Hopeless, Judgement::GoOn][place];
    let places = vec![place(1), place(2), place(0)];
    let found = sample_continuations_each(&model, &tokenizer, &prefix, places, settings, judge_of);
    let endings: Vec<Ending> = found.samples.iter().map(|samples| samples[0].ending).collect();
    assert_eq!(endings, [Ending::Complete, Ending::Hopeless, Ending::Length]);
}
