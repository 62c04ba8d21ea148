//! PaLM (Chowdhery et al., 2022) as PaLM-rlhf-pytorch 0.8 has it: layer norm without a bias, SwiGLU, rotary embeddings
//! with xPos, optionally normalised queries and keys, and a head that is the embedding.
//!
//! Checkpoints do not say which version wrote them: early ones held whole gains, and scaled normalised queries by 8.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::PalmRlhfConfig;
use crate::{
    activation::silu_times,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    layer_norm::LayerNorm,
    leaf::Leaf,
    loader::Loader,
    named_buffer::Buffer,
    named_param::{Matrix, Vector},
    pass::{Pass, forward},
    precision::{in_f32, in_type},
    projection::Projection,
    resize_embedding::PerId,
    rotary::{Decay, Rope},
    token_batch::TokenBatch,
};

/// Base of the rotary frequencies.
const ROPE_THETA: f64 = 10_000.0;
const LAYER_NORM_EPS: f64 = 1e-5;

/// A PaLM of PaLM-rlhf-pytorch.
#[derive(Module, Debug)]
pub struct PalmRlhf<B: Backend> {
    /// Also the head, `to_logits`.
    token_emb: Matrix<B>,
    layers: Vec<Block<B>>,
    norm: LayerNorm<B>,
    norm_beta: Buffer<B>,
    rope: Rope,
    n_heads: usize,
    d_head: usize,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    norm: LayerNorm<B>,
    buffers: Vec<Buffer<B>>,
    /// Gains of normalised queries and keys; none where they are not normalised.
    qk_scale: Option<[Vector<B>; 2]>,
    /// Queries, key, value, and the two inputs of SwiGLU, side by side.
    fused_attn_ff_proj: Projection<B>,
    attn_out: Projection<B>,
    ff_out: Projection<B>,
}

impl<B: Backend> PalmRlhf<B> {
    pub(crate) fn load(c: &PalmRlhfConfig, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let decay = Decay { log_factors: c.xpos_log_factors(), origin: c.max_positions / 2 };
        let rope = Rope::plain(c.d_head, ROPE_THETA).with_decay(decay);
        let (q_width, d_ff) = (c.n_heads * c.d_head, c.d_ff());
        // Checkpoints hold gains as their difference from 1.
        let norm = |l: &Loader<'_, B>| {
            Ok::<_, ModelError>(LayerNorm::from_one(l.vector("norm.gamma", c.d_model)?, LAYER_NORM_EPS))
        };
        // The reference registers a bias of zeros.
        let beta = |l: &Loader<'_, B>| l.buffer("norm.beta", c.d_model, || vec![0.0; c.d_model]);
        let block = |i: usize| {
            let l = loader.at(&format!("layers.{i}.fn"));
            let scale = |name: &str| l.vector(name, c.d_head);
            Ok::<_, ModelError>(Block {
                norm: norm(&l)?,
                buffers: vec![
                    beta(&l)?,
                    l.buffer("rotary_emb.inv_freq", c.d_head / 2, || rope.frequencies())?,
                    l.buffer("rotary_emb.scale", c.d_head / 2, || c.xpos_scale())?,
                ],
                qk_scale: c
                    .qk_norm
                    .then(|| Ok::<_, ModelError>([scale("q_scale")?, scale("k_scale")?]))
                    .transpose()?,
                fused_attn_ff_proj: l.linear(
                    "fused_attn_ff_proj",
                    c.d_model,
                    q_width + 2 * c.d_head + 2 * d_ff,
                )?,
                attn_out: l.linear("attn_out", q_width, c.d_model)?,
                ff_out: l.linear("ff_out.2", d_ff, c.d_model)?,
            })
        };
        let head = "to_logits.weight";
        Ok(Self {
            token_emb: loader.tied_matrix("token_emb.weight", head, [c.vocab_size, c.d_model])?,
            layers: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            norm: norm(loader)?,
            norm_beta: beta(loader)?,
            rope,
            n_heads: c.n_heads,
            d_head: c.d_head,
            max_positions: c.max_positions,
        })
    }

    /// Attention and feed-forward of one block.
    fn attention_and_feed_forward(
        &self,
        layer: usize,
        block: &Block<B>,
        h: Tensor<B, 2>,
        pass: &Pass<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let (q_width, d_head) = (self.n_heads * self.d_head, self.d_head);
        let fused = block.fused_attn_ff_proj.forward(h); // [tokens, q_width + 2 * d_head + 2 * d_ff]
        let d_ff = (fused.dims()[1] - q_width - 2 * d_head) / 2;
        let part = |start: usize, width: usize| fused.clone().narrow(1, start, width); // [tokens, width]
        let qk = match &block.qk_scale {
            None => part(0, q_width + d_head),
            Some([q_scale, k_scale]) => {
                let q = self.normed(part(0, q_width), q_scale);
                Tensor::cat(vec![q, self.normed(part(q_width, d_head), k_scale)], 1)
            }
        };
        let qk = pass.rotary[0].apply(qk); // [tokens, q_width + d_head]
        let (q, k) = (qk.clone().narrow(1, 0, q_width), qk.narrow(1, q_width, d_head));
        let mixed = pass.plans[0].attend(layer, q, k, part(q_width + d_head, d_head), cache); // [tokens, q_width]
        let ff = q_width + 2 * d_head;
        let inner = silu_times(part(ff + d_ff, d_ff), part(ff, d_ff)); // [tokens, d_ff]
        block.attn_out.forward(mixed) + block.ff_out.forward(inner) // [tokens, d_model]
    }

    /// Heads of length 1, times a gain.
    fn normed(&self, x: Tensor<B, 2>, gain: &Vector<B>) -> Tensor<B, 2> {
        let [n, width] = x.dims();
        let (dtype, x) = (x.dtype(), in_f32(x.reshape([n * width / self.d_head, self.d_head]))); // [n * heads, d_head]
        let length = (x.clone() * x.clone()).sum_dim(1).sqrt().clamp_min(1e-12); // [n * heads, 1]
        in_type(x * length.recip() * in_f32(gain.row()), dtype).reshape([n, width])
    }
}

impl<B: Backend> CausalLm<B> for PalmRlhf<B> {
    fn vocab_size(&self) -> usize {
        self.token_emb.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.layers.len(), n_kv_heads: 1, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn device(&self) -> B::Device {
        self.token_emb.device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.token_emb.scores(hidden) // [n, vocab]
    }
}

impl<B: Backend> Family<B> for PalmRlhf<B> {
    fn d_model(&self) -> usize {
        self.token_emb.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.layers.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        Pass::rotated(&self.rope, self.n_heads, self.token_emb.dtype(), tokens, cache)
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        self.token_emb.rows(tokens.to_tensor(&self.device())) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.layers[number];
        self.attention_and_feed_forward(number, block, block.norm.forward(x.clone()), pass, cache) + x
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.norm.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.token_emb];
        for b in &self.layers {
            leaves.push(&b.norm);
            leaves.extend(b.buffers.iter().map(|buffer| buffer as &dyn Leaf<B>));
            leaves.extend(b.qk_scale.iter().flatten().map(|scale| scale as &dyn Leaf<B>));
            leaves.extend([&b.fused_attn_ff_proj as &dyn Leaf<B>, &b.attn_out, &b.ff_out]);
        }
        leaves.extend([&self.norm as &dyn Leaf<B>, &self.norm_beta]);
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        vec![&mut self.token_emb]
    }

    fn projections_mut(&mut self) -> Vec<&mut Projection<B>> {
        self.layers.iter_mut().flat_map(Block::projections_mut).collect()
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 3] {
        let Self { fused_attn_ff_proj, attn_out, ff_out, .. } = self;
        [fused_attn_ff_proj, attn_out, ff_out]
    }
}
