//! What is told of a model without loading it is what the loaded model has.

use burn::module::Module as _;
use toolformer_model::{CausalLm as _, ModelSummary, Precision, Pretrained};

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

#[test]
fn memory_follows_from_the_shapes() {
    let summary = ModelSummary::read(&fixture("llama")).unwrap();
    let s = summary.sizes;
    let attention = s.d_model * s.d_head * (2 * s.n_heads + 2 * s.n_kv_heads);
    let linear = (s.n_layers * (attention + 3 * s.d_model * s.d_ff)) as u64;
    let all = summary.parameters.unwrap();
    assert_eq!(summary.linear_weights, Some(linear));
    assert_eq!(summary.memory(Precision::F32), Some(4 * all));
    assert_eq!(summary.memory(Precision::Bf16), Some(2 * all));
    assert_eq!(summary.memory(Precision::Int8), Some(4 * (all - linear) + linear * 9 / 8));
    let per_token = (2 * s.n_layers * s.n_kv_heads * s.d_head) as u64;
    assert_eq!(summary.cache_memory(1000, Precision::F16), 2000 * per_token);
}

#[test]
fn tokenizers_are_described() {
    let summary = ModelSummary::read(&fixture("calling_llama")).unwrap();
    let tokenizer = summary.tokenizer.unwrap();
    assert_eq!((tokenizer.kind.as_str(), tokenizer.chat_template), ("BPE", true));
    assert!(ModelSummary::read(&fixture("llama")).unwrap().tokenizer.is_none());
}
