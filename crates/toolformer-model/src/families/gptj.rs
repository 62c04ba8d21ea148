//! GPT-J (Wang and Komatsuzaki, 2021), the model of the Toolformer paper: one layer norm a block, whose output both
//! attention and feed-forward read; neighbouring features are rotated together.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::GptJConfig;
use crate::{
    activation::Activation,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    layer_norm::LayerNorm,
    leaf::Leaf,
    loader::Loader,
    named_param::{Matrix, Vector},
    pass::{Pass, forward},
    projection::Projection,
    resize_embedding::PerId,
    rope_scaling::RopeScaling,
    rotary::{Pairing, Rope},
    token_batch::TokenBatch,
};

/// A GPT-J language model.
#[derive(Module, Debug)]
pub struct GptJ<B: Backend> {
    wte: Matrix<B>,
    h: Vec<Block<B>>,
    ln_f: LayerNorm<B>,
    /// None where the head is tied to the embedding.
    lm_head: Option<Matrix<B>>,
    lm_head_bias: Vector<B>,
    rope: Rope,
    activation: Activation,
    n_heads: usize,
    d_head: usize,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    ln_1: LayerNorm<B>,
    /// `q_proj` and `k_proj`, which are rotated together.
    qk: Projection<B>,
    v_proj: Projection<B>,
    out_proj: Projection<B>,
    fc_in: Projection<B>,
    fc_out: Projection<B>,
}

impl<B: Backend> GptJ<B> {
    pub(crate) fn load(c: &GptJConfig, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let d_head = c.d_model / c.n_heads;
        let block = |i: usize| {
            let l = loader.at(&format!("transformer.h.{i}"));
            let qk_parts = [("attn.q_proj", c.d_model), ("attn.k_proj", c.d_model)];
            Ok::<_, ModelError>(Block {
                ln_1: l.layer_norm("ln_1", c.d_model, c.layer_norm_eps)?,
                qk: l.fused("attn.qk", &qk_parts, c.d_model, false)?,
                v_proj: l.linear("attn.v_proj", c.d_model, c.d_model)?,
                out_proj: l.linear("attn.out_proj", c.d_model, c.d_model)?,
                fc_in: l.biased("mlp.fc_in", c.d_model, c.d_ff)?,
                fc_out: l.biased("mlp.fc_out", c.d_ff, c.d_model)?,
            })
        };
        let names = ["transformer.wte.weight", "lm_head.weight"];
        let (wte, lm_head) = loader.embedding_and_head(names, [c.vocab_size, c.d_model], c.tie_embeddings)?;
        Ok(Self {
            wte,
            h: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            ln_f: loader.layer_norm("transformer.ln_f", c.d_model, c.layer_norm_eps)?,
            lm_head,
            lm_head_bias: loader.vector("lm_head.bias", c.vocab_size)?,
            rope: Rope::new(d_head, c.rotary_dim, Pairing::Neighbours, 10_000.0, &RopeScaling::None),
            activation: c.activation,
            n_heads: c.n_heads,
            d_head,
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
        let d_model = h.dims()[1];
        let qk = pass.rotary[0].apply(block.qk.forward(h.clone())); // [tokens, 2 * d_model]
        let (q, k) = (qk.clone().narrow(1, 0, d_model), qk.narrow(1, d_model, d_model)); // [tokens, d_model]
        let mixed = pass.plans[0].attend(layer, q, k, block.v_proj.forward(h), cache); // [tokens, d_model]
        block.out_proj.forward(mixed)
    }
}

impl<B: Backend> CausalLm<B> for GptJ<B> {
    fn vocab_size(&self) -> usize {
        self.wte.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.h.len(), n_kv_heads: self.n_heads, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn device(&self) -> B::Device {
        self.wte.device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let scores = self.lm_head.as_ref().unwrap_or(&self.wte).scores(hidden); // [n, vocab]
        scores + self.lm_head_bias.row()
    }
}

impl<B: Backend> Family<B> for GptJ<B> {
    fn d_model(&self) -> usize {
        self.wte.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.h.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        Pass::rotated(&self.rope, self.n_heads, self.wte.dtype(), tokens, cache)
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        self.wte.rows(tokens.to_tensor(&self.device())) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.h[number];
        let h = block.ln_1.forward(x.clone());
        let attended = self.attention(number, block, h.clone(), pass, cache);
        let inner = self.activation.apply(block.fc_in.forward(h)); // [tokens, d_ff]
        attended + block.fc_out.forward(inner) + x
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.ln_f.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.wte];
        for b in &self.h {
            leaves.extend([&b.ln_1 as &dyn Leaf<B>, &b.qk, &b.v_proj, &b.out_proj, &b.fc_in, &b.fc_out]);
        }
        leaves.push(&self.ln_f);
        leaves.extend(self.lm_head.iter().map(|head| head as &dyn Leaf<B>));
        leaves.push(&self.lm_head_bias);
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        let mut per_id: Vec<&mut dyn PerId<B>> = vec![&mut self.wte];
        per_id.extend(self.lm_head.iter_mut().map(|head| head as &mut dyn PerId<B>));
        per_id.push(&mut self.lm_head_bias);
        per_id
    }

    fn projections_mut(&mut self) -> Vec<&mut Projection<B>> {
        self.h.iter_mut().flat_map(Block::projections_mut).collect()
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 5] {
        let Self { qk, v_proj, out_proj, fc_in, fc_out, .. } = self;
        [qk, v_proj, out_proj, fc_in, fc_out]
    }
}
