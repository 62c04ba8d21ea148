//! GPT-2 (Radford et al., 2019): learned positions, layer norm before each half of a block, GELU.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::Gpt2Config;
use crate::{
    activation::Activation,
    attention::AttentionPlan,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    index_tensor::index_tensor,
    kv_cache::{CacheShape, KvCache},
    layer_norm::LayerNorm,
    leaf::Leaf,
    loader::Loader,
    named_param::Matrix,
    pass::{Pass, forward},
    projection::Projection,
    resize_embedding::PerId,
    token_batch::TokenBatch,
};

/// A GPT-2 language model.
#[derive(Module, Debug)]
pub struct Gpt2<B: Backend> {
    /// Of tokens.
    wte: Matrix<B>,
    /// Of positions.
    wpe: Matrix<B>,
    h: Vec<Block<B>>,
    ln_f: LayerNorm<B>,
    /// None where the head is tied to the embedding, as in all published models.
    lm_head: Option<Matrix<B>>,
    activation: Activation,
    n_heads: usize,
    d_head: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    ln_1: LayerNorm<B>,
    /// Queries, keys and values side by side.
    c_attn: Projection<B>,
    attn_c_proj: Projection<B>,
    ln_2: LayerNorm<B>,
    c_fc: Projection<B>,
    mlp_c_proj: Projection<B>,
    /// What queries are scaled by.
    query_scale: f64,
}

impl<B: Backend> Gpt2<B> {
    pub(crate) fn load(c: &Gpt2Config, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let block = |i: usize| {
            let l = loader.at(&format!("transformer.h.{i}"));
            Ok::<_, ModelError>(Block {
                ln_1: l.layer_norm("ln_1", c.d_model, c.layer_norm_eps)?,
                c_attn: l.conv1d("attn.c_attn", c.d_model, 3 * c.d_model)?,
                attn_c_proj: l.conv1d("attn.c_proj", c.d_model, c.d_model)?,
                ln_2: l.layer_norm("ln_2", c.d_model, c.layer_norm_eps)?,
                c_fc: l.conv1d("mlp.c_fc", c.d_model, c.d_ff)?,
                mlp_c_proj: l.conv1d("mlp.c_proj", c.d_ff, c.d_model)?,
                query_scale: c.query_scale(i),
            })
        };
        let names = ["transformer.wte.weight", "lm_head.weight"];
        let (wte, lm_head) = loader.embedding_and_head(names, [c.vocab_size, c.d_model], c.tie_embeddings)?;
        Ok(Self {
            wte,
            wpe: loader.matrix("transformer.wpe.weight", [c.max_positions, c.d_model])?,
            h: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            ln_f: loader.layer_norm("transformer.ln_f", c.d_model, c.layer_norm_eps)?,
            lm_head,
            activation: c.activation,
            n_heads: c.n_heads,
            d_head: c.d_model / c.n_heads,
        })
    }

    /// The model without a head of its own.
    pub(crate) fn without_head(self) -> Self {
        Self { lm_head: None, ..self }
    }
}

impl<B: Backend> CausalLm<B> for Gpt2<B> {
    fn vocab_size(&self) -> usize {
        self.wte.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.h.len(), n_kv_heads: self.n_heads, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.wpe.dims()[0]
    }

    fn device(&self) -> B::Device {
        self.wte.device()
    }

    /// # Panics
    /// If a token stands behind the last learned position.
    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.lm_head.as_ref().unwrap_or(&self.wte).scores(hidden) // [n, vocab]
    }
}

impl<B: Backend> Family<B> for Gpt2<B> {
    fn d_model(&self) -> usize {
        self.wte.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.h.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        let max = self.wpe.dims()[0];
        for (&seen, &len) in cache.positions().iter().zip(tokens.lens()) {
            assert!(
                seen + len <= max,
                "{} tokens are more than the {max} positions of this model",
                seen + len
            );
        }
        let positions = cache.positions_of(tokens);
        cache.reserve(tokens);
        Pass { positions, rotary: Vec::new(), plans: vec![AttentionPlan::new(tokens, cache, self.n_heads)] }
    }

    fn embed(&self, tokens: &TokenBatch, pass: &Pass<B>) -> Tensor<B, 2> {
        let device = self.device();
        let positions = index_tensor(pass.positions.iter().copied(), &device);
        self.wte.rows(tokens.to_tensor(&device)) + self.wpe.rows(positions) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.h[number];
        let d_model = self.n_heads * self.d_head;
        let qkv = block.c_attn.forward(block.ln_1.forward(x.clone())); // [tokens, 3 * d_model]
        let part = |i: usize| qkv.clone().narrow(1, i * d_model, d_model); // [tokens, d_model]
        let q = part(0).mul_scalar(block.query_scale);
        let mixed = pass.plans[0].attend(number, q, part(1), part(2), cache); // [tokens, d_model]
        let x = x + block.attn_c_proj.forward(mixed);
        let h = block.c_fc.forward(block.ln_2.forward(x.clone())); // [tokens, d_ff]
        x + block.mlp_c_proj.forward(self.activation.apply(h))
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.ln_f.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.wte, &self.wpe];
        for b in &self.h {
            leaves.extend([&b.ln_1 as &dyn Leaf<B>, &b.c_attn, &b.attn_c_proj]);
            leaves.extend([&b.ln_2 as &dyn Leaf<B>, &b.c_fc, &b.mlp_c_proj]);
        }
        leaves.push(&self.ln_f);
        leaves.extend(self.lm_head.iter().map(|head| head as &dyn Leaf<B>));
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        let mut per_id: Vec<&mut dyn PerId<B>> = vec![&mut self.wte];
        per_id.extend(self.lm_head.iter_mut().map(|head| head as &mut dyn PerId<B>));
        per_id
    }

    fn projections_mut(&mut self) -> Vec<&mut Projection<B>> {
        self.h.iter_mut().flat_map(Block::projections_mut).collect()
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 4] {
        let Self { c_attn, attn_c_proj, c_fc, mlp_c_proj, .. } = self;
        [c_attn, attn_c_proj, c_fc, mlp_c_proj]
    }
}
