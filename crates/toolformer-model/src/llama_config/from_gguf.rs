//! From the metadata of a GGUF file.

use super::{LlamaConfig, not_supported, unknown_architecture};
use crate::{error::ModelError, gguf::GgufFile};

impl LlamaConfig {
    /// Reads the metadata of a `llama` GGUF file.
    ///
    /// # Errors
    /// As [`LlamaConfig::from_hf_json`].
    pub fn from_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        Self::read_gguf(file).map_err(|error| match error {
            named @ ModelError::GgufKey { .. } => named,
            bare => bare.in_file(file.path()),
        })
    }

    fn read_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        let architecture = file.get_str("general.architecture")?;
        if architecture != "llama" {
            return Err(unknown_architecture(architecture));
        }
        let key = |name: &str| format!("llama.{name}");
        let size = |name: &str| file.get_u32(&key(name)).map(|n| n as usize);
        let size_or = |name: &str, default| if file.has_key(&key(name)) { size(name) } else { Ok(default) };
        if size_or("expert_count", 0)? > 0 {
            return Err(not_supported("a mixture of experts (`llama.expert_count`)".to_owned()));
        }
        let scaling = key("rope.scaling.type");
        if file.has_key(&scaling) && file.get_str(&scaling)? != "none" {
            return Err(not_supported(format!("rope scaling (`{scaling}`)")));
        }
        if file.tensor("rope_freqs.weight").is_some() {
            return Err(not_supported("rope scaling (tensor `rope_freqs.weight`)".to_owned()));
        }
        let [d_model, n_heads] = [size("embedding_length")?, size("attention.head_count")?];
        let d_head = size_or("attention.key_length", d_model / n_heads.max(1))?;
        for name in ["attention.value_length", "rope.dimension_count"] {
            if size_or(name, d_head)? != d_head {
                return Err(not_supported(format!("`llama.{name}` other than the width of a head")));
            }
        }
        let embedding = file.tensor("token_embd.weight").map(|tensor| tensor.shape[0]);
        let missing = || ModelError::MissingTensors { names: vec!["token_embd.weight".to_owned()] };
        let eos = ["eos", "eot"].map(|name| format!("tokenizer.ggml.{name}_token_id"));
        let mut eos: Vec<u32> = eos
            .iter()
            .filter(|key| file.has_key(key))
            .map(|key| file.get_u32(key))
            .collect::<Result<_, _>>()?;
        eos.dedup();
        let bos = "tokenizer.ggml.bos_token_id";
        let config = Self {
            vocab_size: embedding.ok_or_else(missing)?,
            d_model,
            d_ff: size("feed_forward_length")?,
            n_layers: size("block_count")?,
            n_heads,
            n_kv_heads: size_or("attention.head_count_kv", n_heads)?,
            d_head,
            rms_norm_eps: shortest(file.get_f32("llama.attention.layer_norm_rms_epsilon")?),
            rope_theta: if file.has_key("llama.rope.freq_base") {
                shortest(file.get_f32("llama.rope.freq_base")?)
            } else {
                10_000.0
            },
            max_positions: size("context_length")?,
            tie_embeddings: file.tensor("output.weight").is_none(),
            bos: file.has_key(bos).then(|| file.get_u32(bos)).transpose()?,
            eos,
            initializer_range: 0.02,
        };
        config.validate()?;
        Ok(config)
    }
}

/// The double with the same shortest decimal form: GGUF stores 1e-5 as a float, and 1e-5 it shall be again.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
