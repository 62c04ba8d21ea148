//! The sizes and constants of a GPT-2 model.

use serde_json::{Value, json};

use crate::{
    activation::Activation,
    config_checks::{check_divides, check_ids, check_layers, check_positive, check_sizes},
    error::ModelError,
    json_fields::{Fields, ids_json},
};

/// A GPT-2 model's config; defaults are those of transformers' `GPT2Config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gpt2Config {
    /// Number of token ids (`vocab_size`). Default 50,257.
    pub vocab_size: usize,
    /// Width of the residual stream (`n_embd`). Default 768.
    pub d_model: usize,
    /// Width of the feed-forward layer (`n_inner`). Default four times `d_model`.
    pub d_ff: usize,
    /// Number of blocks (`n_layer`). Default 12.
    pub n_layers: usize,
    /// Number of heads (`n_head`); divides `d_model`. Default 12.
    pub n_heads: usize,
    /// Between the two layers of the feed-forward part (`activation_function`). Default GELU by tanh.
    pub activation: Activation,
    /// Added to the variance in layer norm (`layer_norm_epsilon`). Default 1e-5.
    pub layer_norm_eps: f64,
    /// Number of learned positions (`n_positions`). Default 1,024.
    pub max_positions: usize,
    /// Whether scores are divided by the root of the head's width (`scale_attn_weights`). Default true.
    pub scale_attention: bool,
    /// Whether scores are also divided by the number of the block, from 1 (`scale_attn_by_inverse_layer_idx`).
    /// Default false.
    pub scale_by_layer: bool,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default true.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 50,256.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 50,256.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl Gpt2Config {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.refuse_unless("add_cross_attention", false)?;
        let d_model = fields.aliased_size(["n_embd", "hidden_size"], 768)?;
        let config = Self {
            vocab_size: fields.size_or("vocab_size", 50_257)?,
            d_model,
            d_ff: fields.size_or("n_inner", d_model.saturating_mul(4))?,
            n_layers: fields.aliased_size(["n_layer", "num_hidden_layers"], 12)?,
            n_heads: fields.aliased_size(["n_head", "num_attention_heads"], 12)?,
            activation: Activation::read(fields, "activation_function", Activation::GeluTanh)?,
            layer_norm_eps: fields.float("layer_norm_epsilon")?.unwrap_or(1e-5),
            max_positions: fields.aliased_size(["n_positions", "max_position_embeddings"], 1024)?,
            scale_attention: fields.boolean("scale_attn_weights")?.unwrap_or(true),
            scale_by_layer: fields.boolean("scale_attn_by_inverse_layer_idx")?.unwrap_or(false),
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(true),
            bos: fields.ids("bos_token_id", Some(50_256))?.first().copied(),
            eos: fields.ids("eos_token_id", Some(50_256))?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// What the queries of block `layer` are scaled by.
    pub(crate) fn query_scale(&self, layer: usize) -> f64 {
        let width =
            if self.scale_attention { ((self.d_model / self.n_heads) as f64).powf(-0.5) } else { 1.0 };
        width / if self.scale_by_layer { (layer + 1) as f64 } else { 1.0 }
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        json!({
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "vocab_size": self.vocab_size,
            "n_embd": self.d_model,
            "n_inner": self.d_ff,
            "n_layer": self.n_layers,
            "n_head": self.n_heads,
            "n_positions": self.max_positions,
            "n_ctx": self.max_positions,
            "activation_function": self.activation.name(),
            "layer_norm_epsilon": self.layer_norm_eps,
            "scale_attn_weights": self.scale_attention,
            "scale_attn_by_inverse_layer_idx": self.scale_by_layer,
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
            ("n_embd", self.d_model),
            ("n_inner", self.d_ff),
            ("n_head", self.n_heads),
            ("n_positions", self.max_positions),
        ])?;
        check_layers("n_layer", self.n_layers)?;
        check_divides("n_head", self.n_heads, self.d_model, "features of `n_embd`")?;
        check_positive(&[
            ("layer_norm_epsilon", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}
