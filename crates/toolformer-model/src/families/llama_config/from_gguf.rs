//! From the metadata of a GGUF file.

use super::LlamaConfig;
use crate::{
    error::ModelError,
    gguf::GgufFile,
    gguf_keys::GgufKeys,
    weights::{Change, GgufLayout},
};

impl LlamaConfig {
    /// Reads the metadata of a `llama` or `qwen2` GGUF file.
    pub(crate) fn from_gguf(file: &GgufFile, architecture: &'static str) -> Result<Self, ModelError> {
        let keys = GgufKeys::new(file, architecture);
        keys.refuse_variants()?;
        let [d_model, n_heads] = [keys.size("embedding_length")?, keys.size("attention.head_count")?];
        let (d_head, max_positions) = (keys.head_width(d_model, n_heads)?, keys.size("context_length")?);
        keys.refuse_window(max_positions)?;
        let rope_theta = keys.float_or("rope.freq_base", 10_000.0)?;
        let config = Self {
            vocab_size: keys.vocab_size()?,
            d_model,
            d_ff: keys.size("feed_forward_length")?,
            n_layers: keys.size("block_count")?,
            n_heads,
            n_kv_heads: keys.size_or("attention.head_count_kv", n_heads)?,
            d_head,
            rms_norm_eps: keys.float("attention.layer_norm_rms_epsilon")?,
            rope_theta,
            rope_scaling: keys.rope_scaling(d_head, rope_theta, max_positions)?,
            max_positions,
            tie_embeddings: file.tensor("output.weight").is_none(),
            bos: keys.bos()?,
            eos: keys.eos()?,
            qkv_bias: architecture == "qwen2",
            o_bias: false,
            mlp_bias: false,
            initializer_range: 0.02,
        };
        config.validate()?;
        Ok(config)
    }

    /// llama.cpp rotates neighbouring rows of a Llama. Those of a Qwen2 lie as in Hugging Face's files; its biases
    /// come on top.
    pub(crate) fn gguf_layout(&self) -> GgufLayout {
        if self.qkv_bias {
            return GgufLayout {
                in_block: &[
                    ("post_attention_layernorm.weight", "ffn_norm.weight"),
                    ("self_attn.q_proj.bias", "attn_q.bias"),
                    ("self_attn.k_proj.bias", "attn_k.bias"),
                    ("self_attn.v_proj.bias", "attn_v.bias"),
                ],
                changes: Vec::new(),
            };
        }
        let rows =
            |heads: usize| Change::NeighbouringRows { heads, shape: [heads * self.d_head, self.d_model] };
        GgufLayout {
            in_block: &[("post_attention_layernorm.weight", "ffn_norm.weight")],
            changes: vec![
                (".self_attn.q_proj.weight", rows(self.n_heads)),
                (".self_attn.k_proj.weight", rows(self.n_kv_heads)),
            ],
        }
    }
}
