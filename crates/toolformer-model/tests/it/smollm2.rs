//! The real SmolLM2-135M-Instruct against `golden/smollm2.json`; skipped, loudly, where it has not been fetched.

use toolformer_model::{
    CausalLm, LanguageModel, Pretrained, TokenBatch, Tokenizer, log_probs, save_pretrained,
};

use crate::{
    fetched::fetched,
    reference::{B, empty_cache, fixture},
};

#[derive(serde::Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    logprobs: Vec<Option<f32>>,
    next_top5: Vec<(u32, f32)>,
    greedy_ids: Vec<u32>,
}

fn smollm2() -> Option<Pretrained<B>> {
    let path = fetched("TOOLFORMER_SMOLLM2", "SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2")?;
    Some(Pretrained::open(&path, &Default::default()).unwrap())
}

fn check(model: &LanguageModel<B>, tokenizer: &Tokenizer) {
    let golden = std::fs::read_to_string(fixture("smollm2.json")).unwrap();
    let golden: Golden = serde_json::from_str(&golden).unwrap();
    assert!(golden.cases.len() >= 4);
    let mut worst = 0.0f32;
    for case in &golden.cases {
        assert_eq!(tokenizer.encode(&case.text).unwrap(), case.ids, "{}", case.text);
        let mut cache = empty_cache(model, 1, case.ids.len() + 32);
        let hidden = model.forward(&TokenBatch::new(&[&case.ids]), &mut cache);
        let [_, seq, d_model] = hidden.dims();
        let hidden = hidden.reshape([seq, d_model]);
        let found = log_probs(model, hidden.clone().narrow(0, 0, seq - 1), &case.ids[1..]);
        for (found, expected) in found.iter().zip(&case.logprobs[1..]) {
            worst = worst.max((found - expected.unwrap()).abs());
        }
        let mut last = hidden.narrow(0, seq - 1, 1);
        for &(id, expected) in &case.next_top5 {
            worst = worst.max((log_probs(model, last.clone(), &[id])[0] - expected).abs());
        }
        // Greedy, token by token from the cache.
        for &expected in &case.greedy_ids {
            let logits = model.logits(last).into_data().into_vec::<f32>().unwrap();
            let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap() as u32;
            assert_eq!(best, expected, "{}", case.text);
            last = model.forward(&TokenBatch::new(&[[best]]), &mut cache).reshape([1, d_model]);
        }
    }
    assert!(worst < 2e-3, "greatest difference {worst}");
}

#[test]
fn gguf_gives_the_reference() {
    if let Some(smollm2) = smollm2() {
        check(&smollm2.model, &smollm2.tokenizer);
    }
}

#[test]
fn saved_as_a_folder_it_gives_the_same() {
    if let Some(smollm2) = smollm2() {
        let folder = tempfile::tempdir().unwrap();
        save_pretrained(folder.path(), &smollm2.model, &smollm2.config, Some(&smollm2.tokenizer)).unwrap();
        drop(smollm2);
        let loaded = Pretrained::open(folder.path(), &Default::default()).unwrap();
        check(&loaded.model, &loaded.tokenizer);
    }
}
