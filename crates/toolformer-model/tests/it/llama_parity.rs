//! Logits of the tiny Llama: whole, from a cache, and in batches of unequal rows.

use toolformer_model::{CausalLm, LlamaConfig, TokenBatch};

use crate::reference::{assert_close, empty_cache, expected, fixture, llama, logits, run};

const TOLERANCE: f32 = 1e-4;

#[test]
fn whole_batch() {
    let (ids, reference) = expected("llama");
    for (found, reference) in run(&llama().0, &ids).iter().zip(&reference) {
        assert_close(found, reference, TOLERANCE);
    }
}

#[test]
fn both_config_styles_are_the_same() {
    let read = |name: &str| {
        let text = std::fs::read_to_string(fixture("llama").join(name)).unwrap();
        LlamaConfig::from_hf_json(&text).unwrap()
    };
    let (new, old) = (read("config.json"), read("config.legacy.json"));
    assert_eq!((new.rope_theta, new.d_head), (old.rope_theta, old.d_head));
}

#[test]
fn in_chunks_of_any_size_from_a_cache() {
    let (model, _) = llama();
    let (ids, reference) = expected("llama");
    let vocab = model.vocab_size();
    for chunk in [1, 3, 7, 17] {
        let mut cache = empty_cache(&model, ids.len(), 4); // small, so that it must grow
        for start in (0..ids[0].len()).step_by(chunk) {
            let end = ids[0].len().min(start + chunk);
            let rows: Vec<&[u32]> = ids.iter().map(|row| &row[start..end]).collect();
            let found = logits(&model, model.forward(&TokenBatch::new(&rows), &mut cache));
            for (found, reference) in found.iter().zip(&reference) {
                assert_close(found, &reference[start * vocab..end * vocab], TOLERANCE);
            }
        }
    }
}

#[test]
fn rows_of_unequal_length_go_on_together() {
    let (model, _) = llama();
    let (ids, reference) = expected("llama");
    let vocab = model.vocab_size();
    let split = [5, 11];
    let mut cache = empty_cache(&model, 2, 32);
    let first: Vec<&[u32]> = ids.iter().zip(split).map(|(row, at)| &row[..at]).collect();
    let found = logits(&model, model.forward(&TokenBatch::new(&first), &mut cache));
    for ((found, reference), at) in found.iter().zip(&reference).zip(split) {
        assert_close(found, &reference[..at * vocab], TOLERANCE);
    }
    for step in 0..6 {
        let next: Vec<&[u32]> = ids.iter().zip(split).map(|(row, at)| &row[at + step..=at + step]).collect();
        let found = logits(&model, model.forward(&TokenBatch::new(&next), &mut cache));
        for ((found, reference), at) in found.iter().zip(&reference).zip(split) {
            assert_close(found, &reference[(at + step) * vocab..(at + step + 1) * vocab], TOLERANCE);
        }
    }
}
