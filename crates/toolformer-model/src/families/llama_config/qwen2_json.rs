//! What is other in the `config.json` of a Qwen2.

use super::{LlamaConfig, hf_json::Defaults};
use crate::{config_checks::not_supported, error::ModelError, json_fields::Fields};

impl LlamaConfig {
    /// Reads a Qwen2's `config.json`; [`ModelConfig::from_hf_json`](crate::ModelConfig::from_hf_json) says which
    /// errors.
    pub(crate) fn from_qwen2_fields(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let defaults = Defaults { max_positions: 32_768, bos: None, eos: None };
        let config = Self::read(fields, defaults, [true, false, false])?;
        refuse_sliding(fields, config.n_layers)?;
        Ok(config)
    }
}

/// No published Qwen2 slides a window; a config that asks for it would be computed otherwise. The types of blocks decide
/// where there are some, as in transformers.
fn refuse_sliding(fields: &Fields<'_>, n_layers: usize) -> Result<(), ModelError> {
    let slides = match fields.texts("layer_types")? {
        Some(types) => types.contains(&"sliding_attention"),
        // Blocks from this one on slide.
        None => {
            fields.boolean("use_sliding_window")?.unwrap_or(false)
                && fields.size_or("max_window_layers", 28)? < n_layers
        }
    };
    if slides {
        return Err(not_supported("a sliding window (`use_sliding_window`, `layer_types`) in Qwen2".into()));
    }
    Ok(())
}
