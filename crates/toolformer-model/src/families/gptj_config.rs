//! The sizes and constants of a GPT-J model.

use serde_json::{Value, json};

use crate::{
    activation::Activation,
    config_checks::{
        check_divides, check_even, check_ids, check_layers, check_positive, check_sizes, not_supported, wrong,
    },
    error::ModelError,
    json_fields::{Fields, ids_json},
};

/// A GPT-J model's config; defaults are those of transformers' `GPTJConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct GptJConfig {
    /// Number of token ids (`vocab_size`). Default 50,400.
    pub vocab_size: usize,
    /// Width of the residual stream (`n_embd`). Default 4,096.
    pub d_model: usize,
    /// Width of the feed-forward layer (`n_inner`). Default four times `d_model`.
    pub d_ff: usize,
    /// Number of blocks (`n_layer`). Default 28.
    pub n_layers: usize,
    /// Number of heads (`n_head`); divides `d_model`. Default 16.
    pub n_heads: usize,
    /// How many features of each head are rotated (`rotary_dim`); even. Default 64.
    pub rotary_dim: usize,
    /// Between the two layers of the feed-forward part (`activation_function`). Default GELU by tanh.
    pub activation: Activation,
    /// Added to the variance in layer norm (`layer_norm_epsilon`). Default 1e-5.
    pub layer_norm_eps: f64,
    /// Longest context in training, tokens (`n_positions`). Default 2,048.
    pub max_positions: usize,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default false.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 50,256.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 50,256.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl GptJConfig {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        if fields.is_null("rotary_dim") {
            return Err(not_supported("`rotary_dim: null`".to_owned()));
        }
        let d_model = fields.aliased_size(["n_embd", "hidden_size"], 4096)?;
        let config = Self {
            vocab_size: fields.size_or("vocab_size", 50_400)?,
            d_model,
            d_ff: fields.size_or("n_inner", d_model.saturating_mul(4))?,
            n_layers: fields.aliased_size(["n_layer", "num_hidden_layers"], 28)?,
            n_heads: fields.aliased_size(["n_head", "num_attention_heads"], 16)?,
            rotary_dim: fields.size_or("rotary_dim", 64)?,
            activation: Activation::read(fields, "activation_function", Activation::GeluTanh)?,
            layer_norm_eps: fields.float("layer_norm_epsilon")?.unwrap_or(1e-5),
            max_positions: fields.aliased_size(["n_positions", "max_position_embeddings"], 2048)?,
            tie_embeddings: fields.boolean("tie_word_embeddings")?.unwrap_or(false),
            bos: fields.ids("bos_token_id", Some(50_256))?.first().copied(),
            eos: fields.ids("eos_token_id", Some(50_256))?,
            initializer_range: fields.float("initializer_range")?.unwrap_or(0.02),
        };
        config.validate()?;
        Ok(config)
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub(crate) fn to_hf_json(&self) -> Value {
        json!({
            "architectures": ["GPTJForCausalLM"],
            "model_type": "gptj",
            "vocab_size": self.vocab_size,
            "n_embd": self.d_model,
            "n_inner": self.d_ff,
            "n_layer": self.n_layers,
            "n_head": self.n_heads,
            "rotary_dim": self.rotary_dim,
            "n_positions": self.max_positions,
            "activation_function": self.activation.name(),
            "layer_norm_epsilon": self.layer_norm_eps,
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
            ("rotary_dim", self.rotary_dim),
            ("n_positions", self.max_positions),
        ])?;
        check_layers("n_layer", self.n_layers)?;
        check_divides("n_head", self.n_heads, self.d_model, "features of `n_embd`")?;
        check_even("rotary_dim", self.rotary_dim)?;
        let d_head = self.d_model / self.n_heads;
        if self.rotary_dim > d_head {
            let why = format!("is {}, but a head has {d_head} features", self.rotary_dim);
            return Err(wrong("rotary_dim", why));
        }
        check_positive(&[
            ("layer_norm_epsilon", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}
