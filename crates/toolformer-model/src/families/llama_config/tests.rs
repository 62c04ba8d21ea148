use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::{families::ModelConfig, gguf::GgufFile};

fn read(text: &str) -> Result<LlamaConfig, ModelError> {
    match ModelConfig::from_hf_json(text)? {
        ModelConfig::Llama(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn fixture_json() -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture("llama/config.json")).unwrap()).unwrap()
}

/// The fixture's config with other fields.
fn with(fields: Value) -> Result<LlamaConfig, ModelError> {
    let mut json = fixture_json();
    for (field, value) in fields.as_object().unwrap() {
        json[field] = value.clone();
    }
    read(&json.to_string())
}

#[track_caller]
fn refused(fields: Value, expected: &str) {
    let error = with(fields).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn both_styles_of_config_json() {
    let expected = LlamaConfig {
        vocab_size: 101,
        d_model: 32,
        d_ff: 48,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        d_head: 8,
        rms_norm_eps: 1e-6,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        max_positions: 128,
        tie_embeddings: false,
        qkv_bias: false,
        o_bias: false,
        mlp_bias: false,
        bos: Some(0),
        eos: vec![0],
        initializer_range: 0.02,
    };
    for name in ["llama/config.json", "llama/config.legacy.json"] {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        assert_eq!(read(&text).unwrap(), expected, "{name}");
    }
    let written = expected.to_hf_json().to_string();
    assert_eq!(read(&written).unwrap(), expected);
}

#[test]
fn defaults_are_those_of_transformers() {
    let text = r#"{"model_type": "llama", "vocab_size": 9, "hidden_size": 8, "intermediate_size": 6,
                   "num_hidden_layers": 1, "num_attention_heads": 2}"#;
    let c = read(text).unwrap();
    assert_eq!((c.n_kv_heads, c.d_head, c.max_positions, c.tie_embeddings), (2, 4, 2048, false));
    assert_eq!((c.rms_norm_eps, c.rope_theta, c.bos, c.eos), (1e-6, 10_000.0, Some(1), vec![2]));
}

#[test]
fn roles_of_ids() {
    let c = with(json!({ "bos_token_id": null, "eos_token_id": [3, 4] })).unwrap();
    assert_eq!((c.bos, &c.eos[..]), (None, &[3, 4][..]));
    assert_eq!(read(&c.to_hf_json().to_string()).unwrap(), c);
    refused(json!({ "eos_token_id": 101 }), "`eos_token_id`: is 101, the vocabulary has 101 ids");
    refused(json!({ "eos_token_id": "</s>" }), "an id or a list of ids");
}

#[test]
fn biases_are_written_as_they_were_read() {
    for (attention, mlp) in [(true, false), (false, true), (true, true)] {
        let c = with(json!({ "attention_bias": attention, "mlp_bias": mlp })).unwrap();
        assert_eq!((c.qkv_bias, c.o_bias, c.mlp_bias), (attention, attention, mlp));
        assert_eq!(read(&c.to_hf_json().to_string()).unwrap(), c);
    }
}

#[test]
fn what_is_not_computed_is_refused() {
    refused(json!({ "rope_scaling": { "type": "dynamic", "factor": 2.0 } }), "rope scaling `dynamic`");
    refused(json!({ "rope_parameters": { "rope_type": "longrope" } }), "rope scaling `longrope`");
    refused(json!({ "rope_parameters": { "partial_rotary_factor": 0.5 } }), "partial_rotary_factor");
    refused(json!({ "hidden_act": "gelu" }), "activation `gelu`");
    refused(json!({ "model_type": "bert" }), "architecture `bert`");
}

#[test]
fn what_cannot_be_is_refused() {
    refused(json!({ "rope_theta": 5e5 }), "`rope_theta`: is 500000, but 10000 in `rope_parameters`");
    refused(json!({ "hidden_size": null }), "`hidden_size`: is missing");
    refused(json!({ "hidden_size": -1 }), "`hidden_size`: is -1, must be a whole number");
    refused(json!({ "hidden_size": 1_u64 << 40 }), "between 1 and 2147483648");
    refused(json!({ "num_hidden_layers": 5000 }), "between 1 and 4096");
    refused(json!({ "num_attention_heads": 0 }), "between 1 and 2147483648");
    refused(json!({ "num_key_value_heads": 3 }), "must divide the 4 attention heads");
    refused(json!({ "head_dim": 7 }), "must be even");
    refused(json!({ "rms_norm_eps": 0.0 }), "must be positive");
    refused(
        json!({ "rope_scaling": { "type": "llama3", "factor": 8.0 } }),
        "`rope_scaling.low_freq_factor`: is missing",
    );
    refused(
        json!({ "rope_scaling": { "type": "linear", "factor": 0 } }),
        "`rope_scaling.factor`: is 0, must be positive",
    );
    assert!(matches!(read("{"), Err(ModelError::Json { .. })));
    assert!(matches!(read("[]"), Err(ModelError::Json { .. })));
}

#[test]
fn gguf_metadata_give_the_same_config() {
    let file = GgufFile::open(fixture("tiny_llama/model.gguf")).unwrap();
    let text = std::fs::read_to_string(fixture("tiny_llama/config.json")).unwrap();
    assert_eq!(ModelConfig::from_gguf(&file).unwrap(), ModelConfig::from_hf_json(&text).unwrap());
}
