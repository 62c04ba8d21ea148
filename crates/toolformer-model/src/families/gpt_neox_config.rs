//! The sizes and constants of a GPT-NeoX model.

use serde_json::{Value, json};

use crate::{
    activation::Activation,
    config_checks::{check_divides, check_even, check_ids, check_layers, check_positive, check_sizes, wrong},
    error::ModelError,
    json_fields::{Fields, ids_json},
    rope_fields::RopeFields,
    rope_scaling::RopeScaling,
};

/// A GPT-NeoX model's config; defaults are those of transformers' `GPTNeoXConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct GptNeoxConfig {
    /// Number of token ids (`vocab_size`).
    pub vocab_size: usize,
    /// Width of the residual stream (`hidden_size`).
    pub d_model: usize,
    /// Width of the feed-forward layer (`intermediate_size`).
    pub d_ff: usize,
    /// Number of blocks (`num_hidden_layers`).
    pub n_layers: usize,
    /// Number of heads (`num_attention_heads`); divides `d_model`.
    pub n_heads: usize,
    /// Added to the variance in layer norm (`layer_norm_eps`). Default 1e-5.
    pub layer_norm_eps: f64,
    /// Share of each head that is rotated (`partial_rotary_factor`, `rotary_pct`). Default 0.25.
    pub rotary_share: f64,
    /// Base of the rotary frequencies (`rope_theta`, `rotary_emb_base`). Default 10,000.
    pub rope_theta: f64,
    /// How the frequencies are stretched (`rope_parameters`, `rope_scaling`). Default not at all.
    pub rope_scaling: RopeScaling,
    /// Longest context in training, tokens (`max_position_embeddings`). Default 2,048.
    pub max_positions: usize,
    /// Whether attention and feed-forward read the same input (`use_parallel_residual`). Default true.
    pub parallel_residual: bool,
    /// Whether the linear maps of attention have biases (`attention_bias`). Default true.
    pub attention_bias: bool,
    /// Between the two layers of the feed-forward part (`hidden_act`). Default GELU.
    pub activation: Activation,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default false.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 0.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 2.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl GptNeoxConfig {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let max_positions = fields.size_or("max_position_embeddings", 2048)?;
        let rope = RopeFields::read(fields, "rotary_emb_base", Some("rotary_pct"), max_positions)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            d_model: fields.size("hidden_size")?,
            d_ff: fields.size("intermediate_size")?,
            n_layers: fields.size("num_hidden_layers")?,
            n_heads: fields.size("num_attention_heads")?,
            layer_norm_eps: fields.float("layer_norm_eps")?.unwrap_or(1e-5),
            rotary_share: rope.partial.unwrap_or(0.25),
            rope_theta: rope.theta.unwrap_or(10_000.0),
            rope_scaling: rope.scaling,
            max_positions,
            parallel_residual: fields.boolean("use_parallel_residual")?.unwrap_or(true),
            attention_bias: fields.boolean("attention_bias")?.unwrap_or(true),
            activation: Activation::read(fields, "hidden_act", Activation::Gelu)?,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(false),
            bos: fields.ids("bos_token_id", Some(0))?.first().copied(),
            eos: fields.ids("eos_token_id", Some(2))?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// How many features of a head are rotated.
    pub(crate) fn rotary_dim(&self) -> usize {
        ((self.d_model / self.n_heads.max(1)) as f64 * self.rotary_share) as usize
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        let mut rope = self.rope_scaling.to_json(self.rope_theta);
        rope["partial_rotary_factor"] = self.rotary_share.into();
        json!({
            "architectures": ["GPTNeoXForCausalLM"],
            "model_type": "gpt_neox",
            "vocab_size": self.vocab_size,
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ff,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "hidden_act": self.activation.name(),
            "attention_bias": self.attention_bias,
            "layer_norm_eps": self.layer_norm_eps,
            "use_parallel_residual": self.parallel_residual,
            "rotary_pct": self.rotary_share,
            "rotary_emb_base": self.rope_theta,
            "rope_parameters": rope,
            "max_position_embeddings": self.max_positions,
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
            ("max_position_embeddings", self.max_positions),
        ])?;
        check_layers("num_hidden_layers", self.n_layers)?;
        check_divides("num_attention_heads", self.n_heads, self.d_model, "features of `hidden_size`")?;
        if !(self.rotary_share > 0.0 && self.rotary_share <= 1.0) {
            let why = format!("is {}, must be above 0 and at most 1", self.rotary_share);
            return Err(wrong("rotary_pct", why));
        }
        check_even("rotary_pct", self.rotary_dim())?;
        self.rope_scaling.check_width(self.rotary_dim())?;
        check_positive(&[
            ("layer_norm_eps", self.layer_norm_eps),
            ("rotary_emb_base", self.rope_theta),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}
