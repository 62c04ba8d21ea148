//! PaLM (Chowdhery et al., 2022) as toolformer-pytorch has it: attention and feed-forward of a block read one norm and
//! come from one product; one key/value head; RMS norm, GELU, and a head of its own with a bias.

use burn::{
    module::Module,
    tensor::{Tensor, activation::gelu, backend::Backend},
};

use super::PalmConfig;
use crate::{
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    leaf::{Leaf, NamedTensor},
    loader::Loader,
    named_buffer::Buffer,
    named_param::{Matrix, Vector},
    pass::{Pass, forward},
    precision::{in_f32, in_type},
    projection::Projection,
    resize_embedding::PerId,
    rotary::Rope,
    token_batch::TokenBatch,
};

/// Base of the rotary frequencies.
const ROPE_THETA: f64 = 10_000.0;

/// A PaLM of toolformer-pytorch.
#[derive(Module, Debug)]
pub struct Palm<B: Backend> {
    emb: Matrix<B>,
    layers: Vec<Block<B>>,
    /// `to_logits.0`
    norm: Norm<B>,
    /// `to_logits.1`
    to_logits: Matrix<B>,
    to_logits_bias: Vector<B>,
    rope: Rope,
    n_heads: usize,
    d_head: usize,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    norm: Norm<B>,
    inv_freq: Buffer<B>,
    /// Queries, key, value and the input of the feed-forward layer, side by side.
    fused_attn_ff_proj: Projection<B>,
    attn_out: Projection<B>,
    ff_out: Projection<B>,
}

/// `x / max(rms(x), 1e-8) * g`
#[derive(Module, Debug)]
struct Norm<B: Backend> {
    g: Vector<B>,
}

impl<B: Backend> Norm<B> {
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let (dtype, x) = (x.dtype(), in_f32(x));
        let rms = (x.clone() * x.clone()).mean_dim(1).sqrt().clamp_min(1e-8); // [n, 1]
        in_type(x * rms.recip() * in_f32(self.g.row()), dtype)
    }
}

impl<B: Backend> Leaf<B> for Norm<B> {
    fn tensors(&self) -> Vec<NamedTensor<B>> {
        self.g.tensors()
    }
}

impl<B: Backend> Palm<B> {
    pub(crate) fn load(c: &PalmConfig, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let rope = Rope::plain(c.d_head, ROPE_THETA);
        let (q_width, d_ff) = (c.n_heads * c.d_head, c.d_ff());
        let block = |i: usize| {
            let l = loader.at(&format!("transformer.layers.{i}"));
            Ok::<_, ModelError>(Block {
                norm: Norm { g: l.vector("norm.g", c.d_model)? },
                inv_freq: l.buffer("rotary_emb.inv_freq", c.d_head / 2, || rope.frequencies())?,
                fused_attn_ff_proj: l.linear(
                    "fused_attn_ff_proj",
                    c.d_model,
                    q_width + 2 * c.d_head + d_ff,
                )?,
                attn_out: l.linear("attn_out", q_width, c.d_model)?,
                ff_out: l.linear("ff_out.1", d_ff, c.d_model)?,
            })
        };
        Ok(Self {
            emb: loader.matrix("emb.weight", [c.vocab_size, c.d_model])?,
            layers: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            norm: Norm { g: loader.vector("to_logits.0.g", c.d_model)? },
            to_logits: loader.matrix("to_logits.1.weight", [c.vocab_size, c.d_model])?,
            to_logits_bias: loader.vector("to_logits.1.bias", c.vocab_size)?,
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
        let fused = block.fused_attn_ff_proj.forward(h); // [tokens, q_width + 2 * d_head + d_ff]
        let d_ff = fused.dims()[1] - q_width - 2 * d_head;
        let qk = pass.rotary[0].apply(fused.clone().narrow(1, 0, q_width + d_head)); // [tokens, q_width + d_head]
        let v = fused.clone().narrow(1, q_width + d_head, d_head); // [tokens, d_head]
        let inner = gelu(fused.narrow(1, q_width + 2 * d_head, d_ff)); // [tokens, d_ff]
        let (q, k) = (qk.clone().narrow(1, 0, q_width), qk.narrow(1, q_width, d_head));
        let mixed = pass.plans[0].attend(layer, q, k, v, cache); // [tokens, q_width]
        block.attn_out.forward(mixed) + block.ff_out.forward(inner) // [tokens, d_model]
    }
}

impl<B: Backend> CausalLm<B> for Palm<B> {
    fn vocab_size(&self) -> usize {
        self.emb.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.layers.len(), n_kv_heads: 1, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn device(&self) -> B::Device {
        self.emb.device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.to_logits.scores(hidden) + self.to_logits_bias.row() // [n, vocab]
    }
}

impl<B: Backend> Family<B> for Palm<B> {
    fn d_model(&self) -> usize {
        self.emb.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.layers.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        Pass::rotated(&self.rope, self.n_heads, self.emb.dtype(), tokens, cache)
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        self.emb.rows(tokens.to_tensor(&self.device())) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.layers[number];
        self.attention_and_feed_forward(number, block, block.norm.forward(x.clone()), pass, cache) + x
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.norm.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.emb];
        for b in &self.layers {
            leaves.extend([
                &b.norm as &dyn Leaf<B>,
                &b.inv_freq,
                &b.fused_attn_ff_proj,
                &b.attn_out,
                &b.ff_out,
            ]);
        }
        leaves.extend([&self.norm as &dyn Leaf<B>, &self.to_logits, &self.to_logits_bias]);
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        vec![&mut self.emb as &mut dyn PerId<B>, &mut self.to_logits, &mut self.to_logits_bias]
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
