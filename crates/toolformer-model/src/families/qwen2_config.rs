//! The sizes and constants of a Qwen2 model.

use serde_json::{Value, json};

use crate::{
    config_checks::{
        check_divides, check_even, check_ids, check_layers, check_positive, check_sizes, not_supported,
    },
    error::ModelError,
    gguf::GgufFile,
    gguf_keys::GgufKeys,
    json_fields::{Fields, ids_json},
    rope_fields::RopeFields,
    rope_scaling::RopeScaling,
    weights::GgufLayout,
};

/// A Qwen2 model's config; defaults are those of transformers' `Qwen2Config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Qwen2Config {
    /// Number of token ids (`vocab_size`).
    pub vocab_size: usize,
    /// Width of the residual stream (`hidden_size`).
    pub d_model: usize,
    /// Width of the feed-forward layer (`intermediate_size`).
    pub d_ff: usize,
    /// Number of blocks (`num_hidden_layers`).
    pub n_layers: usize,
    /// Number of query heads (`num_attention_heads`).
    pub n_heads: usize,
    /// Number of key and value heads (`num_key_value_heads`); divides `n_heads`. Default `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head (`head_dim`); even. Default `d_model / n_heads`.
    pub d_head: usize,
    /// Added to the mean square in RMS norm (`rms_norm_eps`). Default 1e-6.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies (`rope_theta`). Default 10,000.
    pub rope_theta: f64,
    /// How the frequencies are stretched (`rope_parameters`, `rope_scaling`). Default not at all.
    pub rope_scaling: RopeScaling,
    /// Longest context in training, tokens (`max_position_embeddings`). Default 32,768.
    pub max_positions: usize,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default false.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default none.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default none.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl Qwen2Config {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.activation("hidden_act", &["silu"])?;
        let [d_model, n_heads] = [fields.size("hidden_size")?, fields.size("num_attention_heads")?];
        let n_layers = fields.size("num_hidden_layers")?;
        refuse_sliding(fields, n_layers)?;
        let max_positions = fields.size_or("max_position_embeddings", 32_768)?;
        let rope = RopeFields::read(fields, "rope_theta", None, max_positions)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model,
            d_ff: fields.size("intermediate_size")?,
            n_layers,
            n_heads,
            n_kv_heads: fields.size_or("num_key_value_heads", n_heads)?,
            d_head: fields.size_or("head_dim", d_model / n_heads.max(1))?,
            rms_norm_eps: fields.float("rms_norm_eps")?.unwrap_or(1e-6),
            rope_theta: rope.theta.unwrap_or(10_000.0),
            rope_scaling: rope.scaling,
            max_positions,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(false),
            bos: fields.ids("bos_token_id", None)?.first().copied(),
            eos: fields.ids("eos_token_id", None)?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// Reads the metadata of a `qwen2` GGUF file.
    pub(crate) fn from_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        let keys = GgufKeys::new(file, "qwen2");
        keys.refuse_experts()?;
        let [d_model, n_heads] = [keys.size("embedding_length")?, keys.size("attention.head_count")?];
        let config = Self {
            vocab_size: keys.vocab_size()?,
            d_model,
            d_ff: keys.size("feed_forward_length")?,
            n_layers: keys.size("block_count")?,
            n_heads,
            n_kv_heads: keys.size_or("attention.head_count_kv", n_heads)?,
            d_head: keys.head_width(d_model, n_heads)?,
            rms_norm_eps: keys.float("attention.layer_norm_rms_epsilon")?,
            rope_theta: keys.float_or("rope.freq_base", 10_000.0)?,
            rope_scaling: keys.rope_scaling()?,
            max_positions: keys.size("context_length")?,
            tie_embeddings: file.tensor("output.weight").is_none(),
            bos: keys.bos()?,
            eos: keys.eos()?,
            initializer_range: 0.02,
        };
        config.validate()?;
        Ok(config)
    }

    /// Rows lie as in Hugging Face's files; the biases come on top.
    pub(crate) fn gguf_layout(&self) -> GgufLayout {
        GgufLayout {
            in_block: &[
                ("post_attention_layernorm.weight", "ffn_norm.weight"),
                ("self_attn.q_proj.bias", "attn_q.bias"),
                ("self_attn.k_proj.bias", "attn_k.bias"),
                ("self_attn.v_proj.bias", "attn_v.bias"),
            ],
            changes: Vec::new(),
        }
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        json!({
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
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
            "use_sliding_window": false,
            "tie_word_embeddings": self.tie_embeddings,
            "bos_token_id": self.bos,
            "eos_token_id": ids_json(&self.eos),
            "initializer_range": self.initializer_range,
            "torch_dtype": "float32",
        })
    }

    /// Checks what the model's arithmetic needs. Configs that were read are checked already.
    ///
    /// # Errors
    /// Names the first field that cannot be, and why.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.d_model),
            ("intermediate_size", self.d_ff),
            ("num_attention_heads", self.n_heads),
            ("num_key_value_heads", self.n_kv_heads),
            ("head_dim", self.d_head),
            ("max_position_embeddings", self.max_positions),
        ])?;
        check_layers("num_hidden_layers", self.n_layers)?;
        check_divides("num_key_value_heads", self.n_kv_heads, self.n_heads, "attention heads")?;
        check_even("head_dim", self.d_head)?;
        check_positive(&[
            ("rms_norm_eps", self.rms_norm_eps),
            ("rope_theta", self.rope_theta),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}

/// No published Qwen2 slides a window; a config that asks for it would be computed otherwise.
fn refuse_sliding(fields: &Fields<'_>, n_layers: usize) -> Result<(), ModelError> {
    let mut slides = fields.texts("layer_types")?.is_some_and(|types| types.contains(&"sliding_attention"));
    if fields.boolean("use_sliding_window")?.unwrap_or(false) {
        // Blocks from this one on slide.
        slides |= fields.size_or("max_window_layers", 28)? < n_layers;
    }
    if slides {
        return Err(not_supported("a sliding window (`use_sliding_window`, `layer_types`) in Qwen2".into()));
    }
    Ok(())
}
