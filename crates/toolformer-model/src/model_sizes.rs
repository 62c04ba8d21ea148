//! The sizes of a model, under the same names for every family.

use serde::Serialize;

use crate::families::ModelConfig;

/// What a model's config says about its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSizes {
    /// Number of token ids.
    pub vocab_size: usize,
    /// Number of transformer blocks.
    pub n_layers: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Number of query heads.
    pub n_heads: usize,
    /// Number of key/value heads.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub d_head: usize,
    /// Width inside the feed-forward layers.
    pub d_ff: usize,
    /// Most tokens of a text.
    pub max_positions: usize,
    /// Whether the output head is the embedding.
    pub tied: bool,
}

impl ModelSizes {
    /// Numbers that the cache holds for one token: a key and a value in every block.
    pub fn cache_per_token(&self) -> u64 {
        [2, self.n_layers, self.n_kv_heads, self.d_head]
            .iter()
            .fold(1, |n: u64, &k| n.saturating_mul(k as u64))
    }
}

impl ModelConfig {
    /// The model's sizes.
    pub fn sizes(&self) -> ModelSizes {
        match self {
            Self::Llama(c) => ModelSizes {
                n_kv_heads: c.n_kv_heads,
                d_head: c.d_head,
                d_ff: c.d_ff,
                tied: c.tie_embeddings,
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
            Self::Gemma3(c) => ModelSizes {
                n_kv_heads: c.n_kv_heads,
                d_head: c.d_head,
                d_ff: c.d_ff,
                tied: c.tie_embeddings,
                ..plain(c.vocab_size, c.sliding_layers.len(), c.d_model, c.n_heads, c.max_positions)
            },
            Self::Gpt2(c) => ModelSizes {
                d_ff: c.d_ff,
                tied: c.tie_embeddings,
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
            Self::GptJ(c) => ModelSizes {
                d_ff: c.d_ff,
                tied: c.tie_embeddings,
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
            Self::GptNeox(c) => ModelSizes {
                d_ff: c.d_ff,
                tied: c.tie_embeddings,
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
            Self::Palm(c) => ModelSizes {
                n_kv_heads: 1,
                d_head: c.d_head,
                d_ff: c.d_ff(),
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
            Self::PalmRlhf(c) => ModelSizes {
                n_kv_heads: 1,
                d_head: c.d_head,
                d_ff: c.d_ff(),
                tied: true,
                ..plain(c.vocab_size, c.n_layers, c.d_model, c.n_heads, c.max_positions)
            },
        }
    }
}

/// As many key/value heads as heads, which share the width; an untied head.
fn plain(
    vocab_size: usize,
    n_layers: usize,
    d_model: usize,
    n_heads: usize,
    max_positions: usize,
) -> ModelSizes {
    ModelSizes {
        vocab_size,
        n_layers,
        d_model,
        n_heads,
        n_kv_heads: n_heads,
        d_head: d_model / n_heads.max(1),
        d_ff: 4 * d_model,
        max_positions,
        tied: false,
    }
}
