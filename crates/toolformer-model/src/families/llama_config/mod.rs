//! The sizes and constants of a Llama or Qwen2 model, as Hugging Face's `config.json` and GGUF metadata give them.

mod from_gguf;
mod hf_json;
mod qwen2_json;

use crate::{
    config_checks::{check_divides, check_even, check_ids, check_layers, check_positive, check_sizes},
    error::ModelError,
    rope_scaling::RopeScaling,
};

/// A Llama or Qwen2 model's config.
///
/// Defaults for fields that a `config.json` leaves out are those of transformers' `LlamaConfig`, and for Qwen2 those of
/// its `Qwen2Config`, where they are others.
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
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
    /// Longest context in training, tokens (`max_position_embeddings`). Default 2,048, Qwen2: 32,768.
    pub max_positions: usize,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default false.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 1, Qwen2: none.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 2, Qwen2: none.
    pub eos: Vec<u32>,
    /// Whether queries, keys and values have biases (Llama: `attention_bias`; always in Qwen2). Default false.
    pub qkv_bias: bool,
    /// Whether attention's last projection has one (Llama: `attention_bias`). Default false.
    pub o_bias: bool,
    /// Whether the projections of the feed-forward layer have biases (`mlp_bias`). Default false.
    pub mlp_bias: bool,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl LlamaConfig {
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
        self.rope_scaling.check_width(self.d_head)?;
        check_positive(&[
            ("rms_norm_eps", self.rms_norm_eps),
            ("rope_theta", self.rope_theta),
            ("initializer_range", self.initializer_range),
        ])?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}

#[cfg(test)]
mod tests;
