//! To and from Hugging Face's `config.json`.

use serde_json::{Value, json};

use super::LlamaConfig;
use crate::{
    error::ModelError,
    json_fields::{Fields, ids_json},
    rope_fields::RopeFields,
};

/// What transformers takes for fields that are left out.
pub(super) struct Defaults {
    pub(super) max_positions: usize,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
}

impl LlamaConfig {
    /// Reads a Llama's `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which
    /// errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let attention_bias = fields.boolean("attention_bias")?.unwrap_or(false);
        let mlp_bias = fields.boolean("mlp_bias")?.unwrap_or(false);
        let defaults = Defaults { max_positions: 2048, bos: Some(1), eos: Some(2) };
        Self::read(fields, defaults, [attention_bias, attention_bias, mlp_bias])
    }

    /// Reads the fields that Llama and Qwen2 have in common.
    pub(super) fn read(
        fields: &Fields<'_>,
        defaults: Defaults,
        [qkv_bias, o_bias, mlp_bias]: [bool; 3],
    ) -> Result<Self, ModelError> {
        fields.activation("hidden_act", &["silu", "swish"])?;
        let max_positions = fields.size_or("max_position_embeddings", defaults.max_positions)?;
        let rope = RopeFields::read(fields, "rope_theta", None, max_positions)?;
        let [d_model, n_heads] = [fields.size("hidden_size")?, fields.size("num_attention_heads")?];
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            d_ff: fields.size("intermediate_size")?,
            n_layers: fields.size("num_hidden_layers")?,
            n_heads,
            n_kv_heads: fields.size_or("num_key_value_heads", n_heads)?,
            d_head: fields.size_or("head_dim", d_model / n_heads.max(1))?,
            rms_norm_eps: fields.float("rms_norm_eps")?.unwrap_or(1e-6),
            rope_theta: rope.theta.unwrap_or(10_000.0),
            rope_scaling: rope.scaling,
            max_positions,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(false),
            bos: fields.ids("bos_token_id", defaults.bos)?.first().copied(),
            eos: fields.ids("eos_token_id", defaults.eos)?,
            qkv_bias,
            o_bias,
            mlp_bias,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        let mut json = json!({
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ff,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.d_head,
            "hidden_act": "silu",
            "rms_norm_eps": self.rms_norm_eps,
            "rope_theta": self.rope_theta,
            "rope_parameters": self.rope_scaling.to_json(self.rope_theta),
            "rope_scaling": self.rope_scaling.to_legacy_json(),
            "max_position_embeddings": self.max_positions,
            "tie_word_embeddings": self.tie_embeddings,
            "bos_token_id": self.bos,
            "eos_token_id": ids_json(&self.eos),
            "initializer_range": self.initializer_range,
            "torch_dtype": "float32",
        });
        if self.qkv_bias && !self.o_bias {
            json["architectures"] = json!(["Qwen2ForCausalLM"]);
            json["model_type"] = "qwen2".into();
            json["use_sliding_window"] = false.into();
        } else {
            json["architectures"] = json!(["LlamaForCausalLM"]);
            json["model_type"] = "llama".into();
            json["attention_bias"] = self.o_bias.into();
            json["mlp_bias"] = self.mlp_bias.into();
        }
        json
    }
}
