//! The Llama family (Touvron et al., 2023): pre-norm blocks of rotary grouped-query attention and SwiGLU; and Qwen2
//! and Qwen2.5 (Yang et al., 2024), which have biases on queries, keys and values besides.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::LlamaConfig;
use crate::{
    activation::silu_times,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    leaf::Leaf,
    loader::Loader,
    named_param::Matrix,
    pass::{Pass, forward},
    projection::Projection,
    resize_embedding::PerId,
    rms_norm::RmsNorm,
    rotary::{Pairing, Rope},
    shards::{shards, sum_of_shards},
    token_batch::TokenBatch,
};

/// A Llama or Qwen2 language model.
#[derive(Module, Debug)]
pub struct Llama<B: Backend> {
    embed_tokens: Matrix<B>,
    layers: Vec<Block<B>>,
    norm: RmsNorm<B>,
    /// None where the head is tied to the embedding.
    lm_head: Option<Matrix<B>>,
    rope: Rope,
    n_heads: usize,
    n_kv_heads: usize,
    d_head: usize,
    max_positions: usize,
}

/// One transformer block.
///
/// What is used apart is not fused: the halves of a fused product are strided, and element-wise operations on
/// strided tensors cost more than the product saves.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    input_layernorm: RmsNorm<B>,
    /// `q_proj` and `k_proj`, which are rotated together; in a Qwen2 with biases, as `v_proj`.
    qk: Projection<B>,
    v_proj: Projection<B>,
    o_proj: Projection<B>,
    post_attention_layernorm: RmsNorm<B>,
    gate_proj: Projection<B>,
    up_proj: Projection<B>,
    down_proj: Projection<B>,
}

impl<B: Backend> Llama<B> {
    pub(crate) fn load(c: &LlamaConfig, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let [q_width, kv_width] = [c.n_heads * c.d_head, c.n_kv_heads * c.d_head];
        let one = |l: &Loader<'_, B>, name: &str, [d_in, d_out]: [usize; 2], with_bias: bool| {
            l.fused(name, &[(name, d_out)], d_in, with_bias)
        };
        let block = |i: usize| {
            let l = loader.at(&format!("model.layers.{i}"));
            let qk_parts = [("self_attn.q_proj", q_width), ("self_attn.k_proj", kv_width)];
            Ok::<_, ModelError>(Block {
                input_layernorm: l.rms_norm("input_layernorm", c.d_model, c.rms_norm_eps)?,
                qk: l.fused("self_attn.qk", &qk_parts, c.d_model, c.qkv_bias)?,
                v_proj: one(&l, "self_attn.v_proj", [c.d_model, kv_width], c.qkv_bias)?,
                o_proj: one(&l, "self_attn.o_proj", [q_width, c.d_model], c.o_bias)?,
                post_attention_layernorm: l.rms_norm(
                    "post_attention_layernorm",
                    c.d_model,
                    c.rms_norm_eps,
                )?,
                gate_proj: one(&l, "mlp.gate_proj", [c.d_model, c.d_ff], c.mlp_bias)?,
                up_proj: one(&l, "mlp.up_proj", [c.d_model, c.d_ff], c.mlp_bias)?,
                down_proj: one(&l, "mlp.down_proj", [c.d_ff, c.d_model], c.mlp_bias)?,
            })
        };
        let names = ["model.embed_tokens.weight", "lm_head.weight"];
        let (embed_tokens, lm_head) =
            loader.embedding_and_head(names, [c.vocab_size, c.d_model], c.tie_embeddings)?;
        Ok(Self {
            embed_tokens,
            layers: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            norm: loader.rms_norm("model.norm", c.d_model, c.rms_norm_eps)?,
            lm_head,
            rope: Rope::new(c.d_head, c.d_head, Pairing::Halves, c.rope_theta, &c.rope_scaling),
            n_heads: c.n_heads,
            n_kv_heads: c.n_kv_heads,
            d_head: c.d_head,
            max_positions: c.max_positions,
        })
    }

    /// The model without a head of its own.
    pub(crate) fn without_head(self) -> Self {
        Self { lm_head: None, ..self }
    }
}

impl<B: Backend> CausalLm<B> for Llama<B> {
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

impl<B: Backend> Llama<B> {
    fn attention(
        &self,
        layer: usize,
        block: &Block<B>,
        h: Tensor<B, 2>,
        pass: &Pass<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let [q_width, kv_width] = [self.n_heads * self.d_head, self.n_kv_heads * self.d_head];
        let qk = pass.rotary[0].apply(block.qk.forward(h.clone())); // [tokens, q_width + kv_width]
        let q = qk.clone().narrow(1, 0, q_width); // [tokens, q_width]
        let k = qk.narrow(1, q_width, kv_width); // [tokens, kv_width]
        let mixed = pass.plans[0].attend(layer, q, k, block.v_proj.forward(h), cache); // [tokens, q_width]
        block.o_proj.forward(mixed) // [tokens, d_model]
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 6] {
        let Self { qk, v_proj, o_proj, gate_proj, up_proj, down_proj, .. } = self;
        [qk, v_proj, o_proj, gate_proj, up_proj, down_proj]
    }

    /// SwiGLU: `(silu(h G) * h U) D`.
    fn feed_forward(&self, h: Tensor<B, 2>) -> Tensor<B, 2> {
        let shards = shards::<B>(self.down_proj.d_in(), &h.device());
        let are_products =
            [&self.gate_proj, &self.up_proj, &self.down_proj].iter().all(|part| part.is_product());
        if shards.len() > 1 && are_products {
            let sum = sum_of_shards(shards, |shard| {
                let gate = self.gate_proj.columns(h.clone(), &shard); // [n, d_ff of the shard]
                let inner = silu_times(gate, self.up_proj.columns(h.clone(), &shard)); // [n, d_ff of the shard]
                self.down_proj.rows(inner, &shard)
            });
            if let Some(sum) = sum {
                return sum;
            }
        }
        let gate = self.gate_proj.forward(h.clone()); // [n, d_ff]
        self.down_proj.forward(silu_times(gate, self.up_proj.forward(h)))
    }
}

impl<B: Backend> Family<B> for Llama<B> {
    fn d_model(&self) -> usize {
        self.embed_tokens.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.layers.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        Pass::rotated(&self.rope, self.n_heads, self.embed_tokens.dtype(), tokens, cache)
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        self.embed_tokens.rows(tokens.to_tensor(&self.device())) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.layers[number];
        let h = block.input_layernorm.forward(x.clone());
        let x = x + self.attention(number, block, h, pass, cache);
        let h = block.post_attention_layernorm.forward(x.clone());
        x + block.feed_forward(h)
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.norm.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.embed_tokens];
        for b in &self.layers {
            leaves.extend([&b.input_layernorm as &dyn Leaf<B>, &b.qk, &b.v_proj, &b.o_proj]);
            leaves.extend([
                &b.post_attention_layernorm as &dyn Leaf<B>,
                &b.gate_proj,
                &b.up_proj,
                &b.down_proj,
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
