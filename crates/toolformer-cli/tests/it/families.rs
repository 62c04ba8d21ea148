//! A model of any family is chosen by its config.

use std::{fs, path::Path};

use serde_json::Value;

use crate::program::{Folder, fixture, toolformer};

#[track_caller]
fn check(name: &str) {
    let args = ["score", "--model", &fixture(name), "--ids", "5, 17,3 ,49,42", "--top", "2", "--json"];
    let scored: Value = serde_json::from_str(&toolformer(&args).ok().out).unwrap();
    let log_probs = scored["logprobs"].as_array().unwrap();
    assert!(log_probs[0].is_null(), "{name}: {scored}");
    assert!(log_probs[1..].iter().all(|value| value.as_f64().unwrap() < 0.0), "{name}: {scored}");
    assert!(scored["perplexity"].as_f64().unwrap() > 1.0, "{name}: {scored}");
}

/// The fixtures have no tokenizer.
#[track_caller]
fn check_text(name: &str, part: &str) {
    toolformer(&["score", "--model", &fixture(name), "--text", "x", "--json"]).fails(1, part);
}

#[test]
fn every_family_scores_ids() {
    let families = ["llama", "qwen2", "gpt2", "gptj", "gpt_neox", "gemma3", "palm", "palm_rlhf"];
    let variants = families.map(|family| format!("variant1/{family}"));
    let switches = [
        "llama3",
        "linear",
        "yarn",
        "yarn_all",
        "gemma3",
        "llama_biases",
        "gpt2_gelu",
        "gptj_relu",
        "gemma3_multimodal",
    ];
    let switches = switches.map(|kind| format!("switches/{kind}"));
    for name in families.into_iter().chain(variants.iter().chain(&switches).map(String::as_str)) {
        check(name);
        check_text(name, "this model has no tokenizer: give token ids with --ids");
    }
}

#[test]
fn a_gguf_file_scores_ids_without_a_tokenizer() {
    let args = ["score", "--model", &fixture("gguf/gemma3/model.gguf"), "--ids", "5,17,3", "--json"];
    let file: Value = serde_json::from_str(&toolformer(&args).ok().out).unwrap();
    let args = ["score", "--model", &fixture("gguf/gemma3"), "--ids", "5,17,3", "--json"];
    let folder: Value = serde_json::from_str(&toolformer(&args).ok().out).unwrap();
    let difference = file["nll"].as_f64().unwrap() - folder["nll"].as_f64().unwrap();
    assert!(difference.abs() < 1e-4, "{file} {folder}");
}

/// A checkpoint whose numbers are none gives an error, not NaN.
#[test]
fn what_is_not_a_number_is_an_error() {
    let folder = Folder::new();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        folder.file(file, fs::read(Path::new(&fixture("calling_llama")).join(file)).unwrap());
    }
    let mut bytes = fs::read(Path::new(&fixture("calling_llama")).join("model.safetensors")).unwrap();
    let end = bytes.len();
    bytes[end - 64..].fill(0xFF);
    folder.file("model.safetensors", &bytes);
    let model = folder.path("");
    let model = model.as_str();
    for args in [
        &["score", "--model", model, "--text", "the cat"][..],
        &["score", "--model", model, "--text", "the cat", "--top", "2"],
        &["generate", "--model", model, "--prompt", "the cat", "--no-calls"],
    ] {
        toolformer(args).fails(1, "the model computes NaN: its weights are damaged");
    }
}

#[test]
fn what_is_no_language_model_says_so() {
    let args = ["score", "--model", &fixture("llama_reward"), "--ids", "5,17,3", "--json"];
    toolformer(&args).fails(1, "the checkpoint is a classifier");
}
