//! The sizes of a PaLM of toolformer-pytorch.

use serde_json::{Value, json};

use crate::{
    config_checks::{check_even, check_ids, check_layers, check_sizes},
    error::ModelError,
    json_fields::{Fields, ids_json},
};

/// The config of a PaLM of toolformer-pytorch: `model_type` is `palm`, the other fields are the arguments of its
/// `PaLM`, with their defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct PalmConfig {
    /// Number of token ids (`num_tokens`). Default 49,408.
    pub vocab_size: usize,
    /// Width of the residual stream (`dim`).
    pub d_model: usize,
    /// Number of blocks (`depth`).
    pub n_layers: usize,
    /// Number of query heads (`heads`); there is one key and value head. Default 8.
    pub n_heads: usize,
    /// Width of a head (`dim_head`); even. Default 64.
    pub d_head: usize,
    /// Width of the feed-forward layer, in widths of the residual stream (`ff_mult`). Default 4.
    pub ff_mult: usize,
    /// Longest context to be used, tokens (`max_position_embeddings`); the model itself has no limit. Default 2,048.
    pub max_positions: usize,
    /// The id that begins a text (`bos_token_id`). Default none.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default none.
    pub eos: Vec<u32>,
}

impl PalmConfig {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.refuse_unless("tie_word_embeddings", false)?;
        let config = Self {
            vocab_size: fields.size_or("num_tokens", 49_408)?,
            d_model: fields.size("dim")?,
            n_layers: fields.size("depth")?,
            n_heads: fields.size_or("heads", 8)?,
            d_head: fields.size_or("dim_head", 64)?,
            ff_mult: fields.size_or("ff_mult", 4)?,
            max_positions: fields.size_or("max_position_embeddings", 2048)?,
            bos: fields.ids("bos_token_id", None)?.first().copied(),
            eos: fields.ids("eos_token_id", None)?,
        };
        config.validate()?;
        Ok(config)
    }

    /// Width of the feed-forward layer.
    pub(crate) fn d_ff(&self) -> usize {
        self.d_model * self.ff_mult
    }

    /// The `config.json` of this config.
    pub(crate) fn to_hf_json(&self) -> Value {
        json!({
            "model_type": "palm",
            "dim": self.d_model,
            "num_tokens": self.vocab_size,
            "depth": self.n_layers,
            "heads": self.n_heads,
            "dim_head": self.d_head,
            "ff_mult": self.ff_mult,
            "max_position_embeddings": self.max_positions,
            "bos_token_id": self.bos,
            "eos_token_id": ids_json(&self.eos),
        })
    }

    /// Checks what the model's arithmetic needs. Configs that were read are checked already.
    ///
    /// # Errors
    /// Names the first field that cannot be, and why.
    pub fn validate(&self) -> Result<(), ModelError> {
        check_sizes(&[
            ("num_tokens", self.vocab_size),
            ("dim", self.d_model),
            ("heads", self.n_heads),
            ("dim_head", self.d_head),
            ("ff_mult", self.ff_mult),
            ("max_position_embeddings", self.max_positions),
        ])?;
        check_sizes(&[
            ("dim times ff_mult", self.d_model * self.ff_mult),
            ("heads times dim_head", self.n_heads * self.d_head),
        ])?;
        check_layers("depth", self.n_layers)?;
        check_even("dim_head", self.d_head)?;
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}
