//! Configs that ask for what is not computed are refused by name; what they leave out is transformers' default.

use serde_json::{Value, json};
use toolformer_model::{LanguageModel, ModelConfig, ModelError, Precision, SafetensorsFolder};

use crate::reference::{B, fixture};

/// A fixture's config with other fields.
fn with(name: &str, fields: Value) -> Result<ModelConfig, ModelError> {
    let text = std::fs::read_to_string(fixture(name).join("config.json")).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in fields.as_object().unwrap() {
        json[field] = value.clone();
    }
    ModelConfig::from_hf_json(&json.to_string())
}

#[track_caller]
fn refused(name: &str, fields: Value, expected: &str) {
    let error = with(name, fields).unwrap_err();
    assert!(matches!(error, ModelError::NotSupported { .. }), "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn what_is_not_computed_is_refused() {
    refused("qwen2", json!({ "layer_types": ["full_attention", "sliding_attention"] }), "sliding window");
    refused(
        "qwen2",
        json!({ "use_sliding_window": true, "max_window_layers": 1, "layer_types": null }),
        "sliding window",
    );
    refused("qwen2", json!({ "hidden_act": "gelu" }), "activation `gelu`");
    refused("qwen2", json!({ "rope_parameters": { "rope_type": "dynamic", "factor": 2.0 } }), "`dynamic`");
    refused("gpt2", json!({ "activation_function": "tanh" }), "activation `tanh`");
    refused("llama", json!({ "is_causal": false }), "`is_causal: false`");
    refused("gemma3", json!({ "is_causal": false }), "`is_causal: false`");
    refused("gpt2", json!({ "add_cross_attention": true }), "add_cross_attention");
    refused("gptj", json!({ "rotary_dim": null }), "rotary_dim");
    refused("gpt_neox", json!({ "hidden_act": "mish" }), "activation `mish`");
    refused("gemma3", json!({ "final_logit_softcapping": 30.0 }), "final_logit_softcapping");
    refused("gemma3", json!({ "use_bidirectional_attention": true }), "use_bidirectional_attention");
    refused("gemma3", json!({ "layer_types": vec!["chunked_attention"; 7] }), "`chunked_attention`");
    refused("gemma3", json!({ "attention_bias": true }), "attention_bias");
    refused("palm", json!({ "tie_word_embeddings": true }), "tie_word_embeddings");
    refused("palm_rlhf", json!({ "tie_word_embeddings": false }), "tie_word_embeddings");
    refused("palm_rlhf", json!({ "max_position_embeddings": 100_000 }), "xPos over more than 65");
}

/// Other words for what the fixture says already.
#[test]
fn what_changes_nothing_is_read() {
    for (name, fields) in [
        ("llama", json!({ "hidden_act": "swish" })),
        ("qwen2", json!({ "hidden_act": "swish" })),
        (
            "qwen2",
            json!({ "use_sliding_window": true, "max_window_layers": 1, "layer_types": vec!["full_attention"; 2] }),
        ),
        ("qwen2", json!({ "use_sliding_window": true, "max_window_layers": 2, "layer_types": null })),
        ("gemma3", json!({ "hidden_activation": "gelu_new" })),
    ] {
        assert_eq!(with(name, fields.clone()).unwrap(), with(name, json!({})).unwrap(), "{name} {fields}");
    }
}

#[track_caller]
fn wrong(name: &str, fields: Value, expected: &str) {
    let error = with(name, fields).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_cannot_be_is_refused() {
    wrong("gpt2", json!({ "n_head": 5 }), "`n_head`: is 5, must divide the 32 features");
    wrong("llama", json!({ "head_dim": 1 << 30 }), "`head_dim`: is 1073741824, must be between 1 and 16384");
    wrong(
        "palm_rlhf",
        json!({ "heads": 1, "dim_head": 1 << 30 }),
        "`dim_head`: is 1073741824, must be between 1 and 16384",
    );
    wrong("gptj", json!({ "rotary_dim": 5 }), "must be even");
    wrong("gptj", json!({ "rotary_dim": 32 }), "but a head has 16 features");
    wrong("gpt_neox", json!({ "rotary_pct": 0.25 }), "is 0.25, but 0.5 in `rope_parameters`");
    wrong("gemma3", json!({ "layer_types": ["full_attention"] }), "1 entries, but there are 7 blocks");
    wrong("gemma3", json!({ "layer_types": null, "sliding_window_pattern": 0 }), "between 1 and");
    wrong(
        "gemma3",
        json!({ "rope_parameters": { "rope_theta": 1e6 } }),
        "`rope_parameters.full_attention`: is missing",
    );
    wrong(
        "gemma3",
        json!({ "rope_local_base_freq": 5.0 }),
        "is 5, but 10000 in `rope_parameters.sliding_attention`",
    );
    wrong(
        "gemma3",
        json!({ "rope_scaling": { "rope_type": "linear", "factor": 8.0 } }),
        "`rope_scaling`: contradicts `rope_parameters`",
    );
    wrong("gpt2", json!({ "num_attention_heads": 2 }), "`n_head`: is 4, but 2 as `num_attention_heads`");
    wrong("gptj", json!({ "hidden_size": 8 }), "`n_embd`: is 32, but 8 as `hidden_size`");
    wrong(
        "switches/llama3",
        json!({ "original_max_position_embeddings": 32 }),
        "is 32, but 16 in `rope_parameters`",
    );
    wrong("palm", json!({ "dim": 1_u64 << 31, "ff_mult": 1_u64 << 31 }), "dim times ff_mult");
    wrong("palm_rlhf", json!({ "num_tokens": null }), "`num_tokens`: is missing");
    wrong("llama", json!({ "model_type": "bert" }), "supported are llama, qwen2, gpt2");
}

#[test]
fn a_pattern_stands_for_layer_types() {
    let old = with("gemma3", json!({ "layer_types": null, "sliding_window_pattern": 6 })).unwrap();
    assert_eq!(old, with("gemma3", json!({})).unwrap());
    assert_ne!(old, with("gemma3", json!({ "layer_types": null, "sliding_window_pattern": 2 })).unwrap());
}

#[test]
fn absurd_sizes_take_no_memory() {
    let sizes = json!({ "dim": 1_u64 << 28, "num_tokens": 1_u64 << 30, "depth": 4096 });
    mismatched("palm_rlhf", with("palm_rlhf", sizes), "`to_logits.weight` (");
    let sizes =
        json!({ "hidden_size": 1_u64 << 30, "intermediate_size": 1_u64 << 30, "vocab_size": 1_u64 << 30 });
    mismatched("llama", with("llama", sizes), "`model.embed_tokens.weight` (");
}

#[track_caller]
fn mismatched(weights: &str, config: Result<ModelConfig, ModelError>, expected: &str) {
    let source = SafetensorsFolder::open(fixture(weights)).unwrap();
    let error =
        LanguageModel::<B>::from_weights(&config.unwrap(), &source, Precision::F32, &Default::default())
            .unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn weights_that_are_not_the_configs_are_named() {
    mismatched("gpt2", with("gpt2", json!({ "n_layer": 3 })), "lacks `transformer.h.2.ln_1.bias`");
    mismatched(
        "gpt2",
        with("gpt2", json!({ "n_layer": 1 })),
        "unknown are `transformer.h.1.attn.c_attn.bias`",
    );
    mismatched(
        "gpt2",
        with("gpt2", json!({ "n_positions": 65 })),
        "`transformer.wpe.weight` ([64, 32], not [65, 32])",
    );
    mismatched("qwen2", with("llama", json!({})), "lacks `lm_head.weight`");
    mismatched("palm_rlhf", with("palm_rlhf", json!({ "dim_head": 4, "heads": 8 })), "misshapen are");
}
