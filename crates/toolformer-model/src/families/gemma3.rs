//! Gemma 3, text only (Gemma Team, 2025): sliding windows in most blocks, norms on queries and keys and around both
//! halves of a block.

use burn::{
    module::Module,
    tensor::{Tensor, activation::gelu_approximate, backend::Backend},
};

use super::Gemma3Config;
use crate::{
    attention::AttentionPlan,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    leaf::Leaf,
    loader::Loader,
    named_param::Matrix,
    pass::{Pass, forward},
    precision::{in_f32, in_type},
    projection::Projection,
    resize_embedding::PerId,
    rms_norm::RmsNorm,
    rope_scaling::RopeScaling,
    rotary::{Pairing, Rope},
    token_batch::TokenBatch,
};

/// A Gemma 3 language model.
#[derive(Module, Debug)]
pub struct Gemma3<B: Backend> {
    embed_tokens: Matrix<B>,
    layers: Vec<Block<B>>,
    norm: RmsNorm<B>,
    /// None where the head is tied to the embedding, as in all published models.
    lm_head: Option<Matrix<B>>,
    /// Of the blocks that see the whole context.
    global_rope: Rope,
    /// Of the blocks that see a window.
    local_rope: Rope,
    window: usize,
    query_scale: f32,
    n_heads: usize,
    n_kv_heads: usize,
    d_head: usize,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    input_layernorm: RmsNorm<B>,
    /// `q_proj` and `k_proj`, which are rotated together.
    qk: Projection<B>,
    q_norm: RmsNorm<B>,
    k_norm: RmsNorm<B>,
    v_proj: Projection<B>,
    o_proj: Projection<B>,
    post_attention_layernorm: RmsNorm<B>,
    pre_feedforward_layernorm: RmsNorm<B>,
    gate_proj: Projection<B>,
    up_proj: Projection<B>,
    down_proj: Projection<B>,
    post_feedforward_layernorm: RmsNorm<B>,
    /// Whether it sees a window only.
    sliding: bool,
}

impl<B: Backend> Gemma3<B> {
    pub(crate) fn load(c: &Gemma3Config, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let [q_width, kv_width] = [c.n_heads * c.d_head, c.n_kv_heads * c.d_head];
        // Checkpoints hold gains as their difference from 1.
        let norm = |l: &Loader<'_, B>, name: &str, width: usize| {
            Ok::<_, ModelError>(RmsNorm::from_one(
                l.vector(&format!("{name}.weight"), width)?,
                c.rms_norm_eps,
            ))
        };
        let block = |(i, &sliding): (usize, &bool)| {
            let l = loader.at(&format!("model.layers.{i}"));
            let qk_parts = [("self_attn.q_proj", q_width), ("self_attn.k_proj", kv_width)];
            Ok::<_, ModelError>(Block {
                input_layernorm: norm(&l, "input_layernorm", c.d_model)?,
                qk: l.fused("self_attn.qk", &qk_parts, c.d_model, false)?,
                q_norm: norm(&l, "self_attn.q_norm", c.d_head)?,
                k_norm: norm(&l, "self_attn.k_norm", c.d_head)?,
                v_proj: l.linear("self_attn.v_proj", c.d_model, kv_width)?,
                o_proj: l.linear("self_attn.o_proj", q_width, c.d_model)?,
                post_attention_layernorm: norm(&l, "post_attention_layernorm", c.d_model)?,
                pre_feedforward_layernorm: norm(&l, "pre_feedforward_layernorm", c.d_model)?,
                gate_proj: l.linear("mlp.gate_proj", c.d_model, c.d_ff)?,
                up_proj: l.linear("mlp.up_proj", c.d_model, c.d_ff)?,
                down_proj: l.linear("mlp.down_proj", c.d_ff, c.d_model)?,
                post_feedforward_layernorm: norm(&l, "post_feedforward_layernorm", c.d_model)?,
                sliding,
            })
        };
        let names = ["model.embed_tokens.weight", "lm_head.weight"];
        let (embed_tokens, lm_head) =
            loader.embedding_and_head(names, [c.vocab_size, c.d_model], c.tie_embeddings)?;
        let rope = |theta: f64, scaling: &RopeScaling| {
            Rope::new(c.d_head, c.d_head, Pairing::Halves, theta, scaling)
        };
        Ok(Self {
            embed_tokens,
            layers: c.sliding_layers.iter().enumerate().map(block).collect::<Result<_, _>>()?,
            norm: norm(loader, "model.norm", c.d_model)?,
            lm_head,
            global_rope: rope(c.rope_theta, &c.rope_scaling),
            local_rope: rope(c.local_rope_theta, &c.local_rope_scaling),
            window: c.sliding_window,
            query_scale: c.query_pre_attn_scalar.powf(-0.5) as f32,
            n_heads: c.n_heads,
            n_kv_heads: c.n_kv_heads,
            d_head: c.d_head,
            max_positions: c.max_positions,
        })
    }

    fn attention(
        &self,
        layer: usize,
        block: &Block<B>,
        h: Tensor<B, 2>,
        pass: &Pass<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let kind = usize::from(block.sliding);
        let [q_width, kv_width] = [self.n_heads * self.d_head, self.n_kv_heads * self.d_head];
        let qk = block.qk.forward(h.clone()); // [tokens, q_width + kv_width]
        let q = self.normed(&block.q_norm, qk.clone().narrow(1, 0, q_width)); // [tokens, q_width]
        let k = self.normed(&block.k_norm, qk.narrow(1, q_width, kv_width)); // [tokens, kv_width]
        let qk = pass.rotary[kind].apply(Tensor::cat(vec![q, k], 1)); // [tokens, q_width + kv_width]
        let q = qk.clone().narrow(1, 0, q_width); // [tokens, q_width]
        let k = qk.narrow(1, q_width, kv_width); // [tokens, kv_width]
        let mixed = pass.plans[kind].attend(layer, q, k, block.v_proj.forward(h), cache); // [tokens, q_width]
        block.o_proj.forward(mixed) // [tokens, d_model]
    }

    /// Normalises every head of `[n, heads * d_head]`.
    fn normed(&self, norm: &RmsNorm<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [n, width] = x.dims();
        norm.forward(x.reshape([n * width / self.d_head, self.d_head])).reshape([n, width]) // [n, heads * d_head]
    }
}

impl<B: Backend> CausalLm<B> for Gemma3<B> {
    fn vocab_size(&self) -> usize {
        self.embed_tokens.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.layers.len(), n_kv_heads: self.n_kv_heads, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn device(&self) -> B::Device {
        self.embed_tokens.device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens).scores(hidden) // [n, vocab]
    }
}

impl<B: Backend> Family<B> for Gemma3<B> {
    fn d_model(&self) -> usize {
        self.embed_tokens.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.layers.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        let positions = cache.positions_of(tokens);
        cache.reserve(tokens);
        let (device, dtype) = (self.device(), self.embed_tokens.dtype());
        let heads = [self.n_heads, self.n_kv_heads];
        let tables = |rope: &Rope| rope.tables(&positions, heads, self.query_scale, (&device, dtype));
        let rotary = vec![tables(&self.global_rope), tables(&self.local_rope)];
        let plans = vec![
            AttentionPlan::new(tokens, cache, self.n_heads),
            AttentionPlan::sliding(tokens, cache, self.n_heads, self.window),
        ];
        Pass { positions, rotary, plans }
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        // The residual stream leaves the range of f16, so it is in f32 whatever the weights are in.
        let x = in_f32(self.embed_tokens.rows(tokens.to_tensor(&self.device()))); // [tokens, d_model]
        let d_model = x.dims()[1];
        x.mul_scalar((d_model as f64).sqrt())
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.layers[number];
        let held = |x| in_type(x, self.embed_tokens.dtype());
        let h = held(block.input_layernorm.forward(x.clone()));
        let h = self.attention(number, block, h, pass, cache);
        let x = x + block.post_attention_layernorm.forward(in_f32(h));
        let h = held(block.pre_feedforward_layernorm.forward(x.clone()));
        let gate = gelu_approximate(block.gate_proj.forward(h.clone())); // [tokens, d_ff]
        let h = block.down_proj.forward(gate * block.up_proj.forward(h));
        x + block.post_feedforward_layernorm.forward(in_f32(h))
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        in_type(self.norm.forward(x), self.embed_tokens.dtype())
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.embed_tokens];
        for b in &self.layers {
            leaves.extend([&b.input_layernorm as &dyn Leaf<B>, &b.qk, &b.q_norm, &b.k_norm, &b.v_proj]);
            leaves.extend([
                &b.o_proj as &dyn Leaf<B>,
                &b.post_attention_layernorm,
                &b.pre_feedforward_layernorm,
            ]);
            leaves.extend([
                &b.gate_proj as &dyn Leaf<B>,
                &b.up_proj,
                &b.down_proj,
                &b.post_feedforward_layernorm,
            ]);
        }
        leaves.push(&self.norm);
        leaves.extend(self.lm_head.iter().map(|head| head as &dyn Leaf<B>));
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        let mut per_id: Vec<&mut dyn PerId<B>> = vec![&mut self.embed_tokens];
        per_id.extend(self.lm_head.iter_mut().map(|head| head as &mut dyn PerId<B>));
        per_id
    }

    fn projections_mut(&mut self) -> Vec<&mut Projection<B>> {
        self.layers.iter_mut().flat_map(Block::projections_mut).collect()
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 6] {
        let Self { qk, v_proj, o_proj, gate_proj, up_proj, down_proj, .. } = self;
        [qk, v_proj, o_proj, gate_proj, up_proj, down_proj]
    }
}
