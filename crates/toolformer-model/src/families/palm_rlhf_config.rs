//! The sizes of a PaLM of PaLM-rlhf-pytorch.

use serde_json::{Value, json};

use crate::{
    config_checks::{check_even, check_ids, check_layers, check_positive, check_sizes, not_supported},
    error::ModelError,
    json_fields::{Fields, ids_json},
};

/// The config of a PaLM of PaLM-rlhf-pytorch: `model_type` is `palm_rlhf`, the other fields are the arguments of its
/// `PaLM`, with their defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct PalmRlhfConfig {
    /// Number of token ids (`num_tokens`).
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
    /// Positions over which xPos fades once (`rotary_xpos_scale_base`). Default 512.
    pub xpos_scale_base: f64,
    /// Whether queries and keys are normalised (`qk_rmsnorm`). Default false.
    pub qk_norm: bool,
    /// Longest context to be used, tokens (`max_position_embeddings`); xPos needs one. Default 2,048.
    pub max_positions: usize,
    /// The id that begins a text (`bos_token_id`). Default none.
    pub bos: Option<u32>,
    /// The ids that end a text (`eos_token_id`). Default none.
    pub eos: Vec<u32>,
}

impl PalmRlhfConfig {
    /// Reads a `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which errors.
    pub(crate) fn from_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        fields.refuse_unless("tie_word_embeddings", true)?;
        fields.refuse_unless("causal", true)?;
        let config = Self {
            vocab_size: fields.size("num_tokens")?,
            d_model: fields.size("dim")?,
            n_layers: fields.size("depth")?,
            n_heads: fields.size_or("heads", 8)?,
            d_head: fields.size_or("dim_head", 64)?,
            ff_mult: fields.size_or("ff_mult", 4)?,
            xpos_scale_base: fields.float("rotary_xpos_scale_base")?.unwrap_or(512.0),
            qk_norm: fields.boolean("qk_rmsnorm")?.unwrap_or(false),
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

    /// What xPos raises to powers, one a pair of features.
    pub(crate) fn xpos_scale(&self) -> Vec<f32> {
        let width = self.d_head as f64;
        let pairs = 0..self.d_head / 2;
        pairs.map(|i| (((2 * i) as f64 + 0.4 * width) / (1.4 * width)) as f32).collect()
    }

    /// `ln` of what xPos scales by a position, one a pair of features.
    pub(crate) fn xpos_log_factors(&self) -> Vec<f64> {
        self.xpos_scale().iter().map(|&scale| f64::from(scale).ln() / self.xpos_scale_base).collect()
    }

    /// The `config.json` of this config.
    pub(crate) fn to_hf_json(&self) -> Value {
        json!({
            "model_type": "palm_rlhf",
            "dim": self.d_model,
            "num_tokens": self.vocab_size,
            "depth": self.n_layers,
            "heads": self.n_heads,
            "dim_head": self.d_head,
            "ff_mult": self.ff_mult,
            "rotary_xpos_scale_base": self.xpos_scale_base,
            "qk_rmsnorm": self.qk_norm,
            "tie_word_embeddings": true,
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
        check_positive(&[("rotary_xpos_scale_base", self.xpos_scale_base)])?;
        // Single precision holds powers of e up to 88; queries and keys stay well inside.
        let steepest = self.xpos_log_factors().iter().fold(0.0f64, |most, log| most.max(log.abs()));
        if steepest * (self.max_positions / 2) as f64 > 80.0 {
            let most = (160.0 / steepest) as usize;
            return Err(not_supported(format!(
                "xPos over more than {most} positions (`max_position_embeddings: {}`)",
                self.max_positions
            )));
        }
        check_ids(self.bos, &self.eos, self.vocab_size)
    }
}
