//! To and from Hugging Face's `config.json`.

use serde_json::{Value, json};

use super::LlamaConfig;
use crate::{
    error::ModelError,
    json_fields::{Fields, ids_json},
    rope_fields::RopeFields,
};

impl LlamaConfig {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.refuse_unless("attention_bias", false)?;
        fields.refuse_unless("mlp_bias", false)?;
        fields.activation("hidden_act", &["silu"])?;
        let max_positions = fields.size_or("max_position_embeddings", 2048)?;
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
            bos: fields.ids("bos_token_id", Some(1))?.first().copied(),
            eos: fields.ids("eos_token_id", Some(2))?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        let rope = self.rope_scaling.to_json(self.rope_theta);
        json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ff,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.d_head,
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
            "rms_norm_eps": self.rms_norm_eps,
            "rope_theta": self.rope_theta,
            "rope_parameters": rope,
            "rope_scaling": self.rope_scaling.to_legacy_json(),
            "max_position_embeddings": self.max_positions,
            "tie_word_embeddings": self.tie_embeddings,
            "bos_token_id": self.bos,
            "eos_token_id": ids_json(&self.eos),
            "initializer_range": self.initializer_range,
            "torch_dtype": "float32",
        })
    }
}
