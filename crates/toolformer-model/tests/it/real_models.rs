//! Gemma 3 and Qwen2 from real GGUF files, against the next-token probabilities of an independent forward pass.

use std::path::Path;

use toolformer_model::{CausalLm as _, Precision, Pretrained, TokenBatch, log_probs};

use crate::{
    fetched::{fetched, skipped},
    reference::{B, empty_cache},
};

/// What the models agree on to begin with.
const TEXT: &str = "The capital of France is";

/// The ids of the text, and the probabilities of some next tokens, whatever the weights are held in.
#[track_caller]
fn check(path: &Path, precision: Precision, ids: &[u32], next: &[(&str, f32)]) {
    let opened = Pretrained::<B>::open_in(path, precision, &Default::default());
    let Pretrained { model, tokenizer, .. } = opened.unwrap();
    assert_eq!(tokenizer.encode_with_special(TEXT).unwrap(), ids);
    let hidden = model.forward(&TokenBatch::new(&[ids]), &mut empty_cache(&model, 1, ids.len()));
    let [_, seq, d_model] = hidden.dims();
    let last = hidden.reshape([seq, d_model]).narrow(0, seq - 1, 1);
    for &(token, expected) in next {
        let id = tokenizer.marker_id(token).unwrap();
        let found = log_probs(&model, last.clone(), &[id])[0].exp();
        assert!((found - expected).abs() < 0.01, "{precision}, {token:?}: {found}, not {expected}");
    }
}

#[test]
fn gemma3() {
    let Some(path) = fetched("TOOLFORMER_GEMMA3", "gemma-3-270m.Q4_K_M.gguf", "gemma3") else { return };
    let next = [(" the", 0.191), (" a", 0.111), (" Paris", 0.084)];
    // Its residual stream leaves the range of f16.
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        check(&path, precision, &[2, 818, 5279, 529, 7001, 563], &next);
    }
}

/// Only where it is asked for: it takes 8 GiB and half a minute.
#[test]
fn qwen2() {
    if std::env::var_os("TOOLFORMER_QWEN2").is_none() {
        return skipped("qwen2", "set TOOLFORMER_QWEN2 to the file that `cargo xtask fetch qwen2` brings");
    }
    let Some(path) = fetched("TOOLFORMER_QWEN2", "", "qwen2") else { return };
    check(&path, Precision::F32, &[785, 6722, 315, 9625, 374], &[(" Paris", 0.497)]);
}
