//! What is told of a model without loading it is what the loaded model has.

use std::{fs, path::Path};

use burn::module::Module as _;
use toolformer_model::{CausalLm as _, ModelError, ModelSummary, Precision, Pretrained, SequenceClassifier};

use crate::{
    parity::FIXTURES,
    reference::{B, fixture},
};

#[track_caller]
fn check(name: &str) {
    let path = fixture(name);
    let summary = ModelSummary::read(&path).unwrap();
    let (model, config) = Pretrained::<B>::open_model(&path, &Default::default()).unwrap();
    assert_eq!(summary.parameters, Some(model.num_params() as u64), "{name}");
    let (sizes, shape) = (summary.sizes, model.cache_shape());
    assert_eq!(
        (sizes.n_layers, sizes.n_kv_heads, sizes.d_head),
        (shape.n_layers, shape.n_kv_heads, shape.d_head)
    );
    assert_eq!(
        (sizes.vocab_size, sizes.max_positions),
        (model.vocab_size(), model.max_positions()),
        "{name}"
    );
    assert_eq!(config.to_hf_json()["model_type"], summary.architecture.as_str());
}

#[test]
fn every_family() {
    FIXTURES.iter().for_each(|name| check(name));
    check("gguf/gemma3/model.gguf");
    check("tiny_llama/model.gguf");
}

/// What a precision saves, by the summary and by the loaded model (which also holds tables that are no parameters).
#[track_caller]
fn check_memory(name: &str) {
    let path = fixture(name);
    let summary = ModelSummary::read(&path).unwrap();
    let held = |precision| {
        let (model, _) = Pretrained::<B>::open_model_in(&path, precision, &Default::default()).unwrap();
        model.weight_bytes() as u64
    };
    let told = |precision| summary.memory(precision).unwrap();
    for precision in [Precision::Int8, Precision::Int4] {
        let saved = held(Precision::F32) - held(precision);
        assert_eq!(told(Precision::F32) - told(precision), saved, "{name} in {precision}");
    }
    assert_eq!(told(Precision::F32), 4 * summary.parameters.unwrap());
    assert_eq!(told(Precision::Bf16), 2 * summary.parameters.unwrap());
}

#[test]
fn memory_is_what_the_loaded_model_takes() {
    FIXTURES.iter().for_each(|name| check_memory(name));
    check_memory("calling_llama");
    check_memory("tiny_llama/model.gguf");
    let summary = ModelSummary::read(&fixture("llama")).unwrap();
    let s = summary.sizes;
    let per_token = (2 * s.n_layers * s.n_kv_heads * s.d_head) as u64;
    assert_eq!(summary.cache_memory(1000, Precision::F16), 2000 * per_token);
}

#[test]
fn what_is_read_is_what_is_opened() {
    let read = |path: &Path| ModelSummary::read(path);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let copy = |from: &str, to: &str| fs::copy(fixture(from), file(to)).unwrap();
    copy("pytorch/gpt2/config.json", "config.json");
    // Without weights there is no model, unless only its headers were fetched.
    assert!(matches!(read(folder.path()), Err(ModelError::NotFound { .. })));
    assert_eq!(ModelSummary::read_fetched(folder.path()).unwrap().parameters, None);
    let pytorch = copy("pytorch/gpt2/pytorch_model.bin", "weights.pt");
    let summary = read(&file("weights.pt")).unwrap();
    assert_eq!((summary.weight_bytes, summary.stored.contains_key("F32")), (pytorch, true));
    // Beside other weights it is still the file that was named.
    copy("tiny_llama/model.safetensors", "model.safetensors");
    assert_eq!(read(&file("weights.pt")).unwrap(), summary);
}

#[test]
fn a_classifier_has_labels() {
    let summary = ModelSummary::read(&fixture("llama_reward")).unwrap();
    assert_eq!(summary.labels, Some(vec!["LABEL_0".to_owned()]));
    let (model, _) = SequenceClassifier::<B>::open(&fixture("llama_reward"), &Default::default()).unwrap();
    assert_eq!(summary.parameters, Some(model.num_params() as u64));
    assert_eq!(ModelSummary::read(&fixture("llama")).unwrap().labels, None);
}

#[test]
fn a_tokenizer_that_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(fixture("llama").join(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    let summary = ModelSummary::read(folder.path()).unwrap();
    assert!(summary.tokenizer.is_none() && summary.tokenizer_problem.unwrap().contains("tokenizer.json"));
    // A GGUF file whose way to cut texts into words is not known.
    let mut bytes = fs::read(fixture("tiny_llama/model.gguf")).unwrap();
    let at = bytes.windows(6).position(|part| part == b"smollm").unwrap();
    bytes[at..at + 6].copy_from_slice(b"nobody");
    let file = folder.path().join("model.gguf");
    fs::write(&file, bytes).unwrap();
    let summary = ModelSummary::read(&file).unwrap();
    assert!(summary.parameters.is_some() && summary.tokenizer_problem.unwrap().contains("nobody"));
}

#[test]
fn tokenizers_are_described() {
    let summary = ModelSummary::read(&fixture("calling_llama")).unwrap();
    let tokenizer = summary.tokenizer.unwrap();
    assert_eq!((tokenizer.kind.as_str(), tokenizer.chat_template), ("BPE", true));
    assert!(ModelSummary::read(&fixture("llama")).unwrap().tokenizer.is_none());
}
