//! The sizes and constants of a Llama model, as Hugging Face's `config.json` and GGUF metadata give them.

mod from_gguf;
mod hf_json;

use crate::error::ModelError;

/// A Llama model's config.
///
/// Defaults for fields that a `config.json` leaves out are those of transformers' `LlamaConfig`.
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
    /// Longest context in training, tokens (`max_position_embeddings`). Default 2,048.
    pub max_positions: usize,
    /// Whether the output head is the embedding (`tie_word_embeddings`). Default false.
    pub tie_embeddings: bool,
    /// The id that begins a text (`bos_token_id`). Default 1.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default 2.
    pub eos: Vec<u32>,
    /// Standard deviation of new weights (`initializer_range`). Default 0.02.
    pub initializer_range: f64,
}

impl LlamaConfig {
    /// Checks what the model's arithmetic needs. Configs that were read are checked already.
    ///
    /// # Errors
    /// Names the first field that cannot be, and why.
    pub fn validate(&self) -> Result<(), ModelError> {
        // The bounds keep products of two sizes within 64 bits and lists of layers short, whatever a file claims.
        const MAX_SIZE: usize = 1 << 31;
        const MAX_LAYERS: usize = 1 << 12;
        for (field, size, max) in [
            ("vocab_size", self.vocab_size, MAX_SIZE),
            ("hidden_size", self.d_model, MAX_SIZE),
            ("intermediate_size", self.d_ff, MAX_SIZE),
            ("num_hidden_layers", self.n_layers, MAX_LAYERS),
            ("num_attention_heads", self.n_heads, MAX_SIZE),
            ("num_key_value_heads", self.n_kv_heads, MAX_SIZE),
            ("head_dim", self.d_head, MAX_SIZE),
            ("max_position_embeddings", self.max_positions, MAX_SIZE),
        ] {
            if !(1..=max).contains(&size) {
                return Err(wrong(field, format!("is {size}, must be between 1 and {max}")));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let why = format!("is {}, must divide the {} attention heads", self.n_kv_heads, self.n_heads);
            return Err(wrong("num_key_value_heads", why));
        }
        if !self.d_head.is_multiple_of(2) {
            return Err(wrong("head_dim", format!("is {}, must be even for rotary embeddings", self.d_head)));
        }
        for (field, value) in [
            ("rms_norm_eps", self.rms_norm_eps),
            ("rope_theta", self.rope_theta),
            ("initializer_range", self.initializer_range),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(wrong(field, format!("is {value}, must be positive")));
            }
        }
        let ids = self
            .bos
            .iter()
            .map(|id| ("bos_token_id", id))
            .chain(self.eos.iter().map(|id| ("eos_token_id", id)));
        for (field, &id) in ids {
            if id as usize >= self.vocab_size {
                return Err(wrong(field, format!("is {id}, the vocabulary has {} ids", self.vocab_size)));
            }
        }
        Ok(())
    }
}

fn wrong(field: &str, why: String) -> ModelError {
    ModelError::Config { path: None, field: field.to_owned(), why }
}

fn not_supported(what: String) -> ModelError {
    ModelError::NotSupported { what }
}

fn unknown_architecture(found: &str) -> ModelError {
    ModelError::UnsupportedArchitecture { found: found.to_owned(), known: vec!["llama".to_owned()] }
}

#[cfg(test)]
mod tests;
