//! GPT-NeoX (Black et al., 2022) and Pythia: a part of each head is rotated, and both halves of a block may read the
//! same input.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::GptNeoxConfig;
use crate::{
    activation::Activation,
    causal_lm::CausalLm,
    error::ModelError,
    family::Family,
    kv_cache::{CacheShape, KvCache},
    layer_norm::LayerNorm,
    leaf::Leaf,
    loader::Loader,
    named_param::Matrix,
    pass::{Pass, forward},
    projection::Projection,
    resize_embedding::PerId,
    rotary::{Pairing, Rope},
    token_batch::TokenBatch,
};

/// A GPT-NeoX language model.
#[derive(Module, Debug)]
pub struct GptNeox<B: Backend> {
    embed_in: Matrix<B>,
    layers: Vec<Block<B>>,
    final_layer_norm: LayerNorm<B>,
    /// The output head. None where it is tied to the embedding.
    lm_head: Option<Matrix<B>>,
    rope: Rope,
    n_heads: usize,
    d_head: usize,
    parallel_residual: bool,
    activation: Activation,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    input_layernorm: LayerNorm<B>,
    post_attention_layernorm: LayerNorm<B>,
    /// For each head its query, key and value.
    query_key_value: Projection<B>,
    dense: Projection<B>,
    dense_h_to_4h: Projection<B>,
    dense_4h_to_h: Projection<B>,
}

impl<B: Backend> GptNeox<B> {
    pub(crate) fn load(c: &GptNeoxConfig, loader: &Loader<'_, B>) -> Result<Self, ModelError> {
        let d_head = c.d_model / c.n_heads;
        let block = |i: usize| {
            let l = loader.at(&format!("gpt_neox.layers.{i}"));
            let attention = |name: &str, d_out: usize| {
                if c.attention_bias {
                    l.biased(name, c.d_model, d_out)
                } else {
                    l.linear(name, c.d_model, d_out)
                }
            };
            Ok::<_, ModelError>(Block {
                input_layernorm: l.layer_norm("input_layernorm", c.d_model, c.layer_norm_eps)?,
                post_attention_layernorm: l.layer_norm(
                    "post_attention_layernorm",
                    c.d_model,
                    c.layer_norm_eps,
                )?,
                query_key_value: attention("attention.query_key_value", 3 * c.d_model)?,
                dense: attention("attention.dense", c.d_model)?,
                dense_h_to_4h: l.biased("mlp.dense_h_to_4h", c.d_model, c.d_ff)?,
                dense_4h_to_h: l.biased("mlp.dense_4h_to_h", c.d_ff, c.d_model)?,
            })
        };
        // Before transformers 5 the head had another name.
        let names = ["gpt_neox.embed_in.weight", loader.either("lm_head.weight", "embed_out.weight")];
        let (embed_in, lm_head) =
            loader.embedding_and_head(names, [c.vocab_size, c.d_model], c.tie_embeddings)?;
        Ok(Self {
            embed_in,
            layers: (0..c.n_layers).map(block).collect::<Result<_, _>>()?,
            final_layer_norm: loader.layer_norm("gpt_neox.final_layer_norm", c.d_model, c.layer_norm_eps)?,
            lm_head,
            rope: Rope::new(d_head, c.rotary_dim(), Pairing::Halves, c.rope_theta, &c.rope_scaling),
            n_heads: c.n_heads,
            d_head,
            parallel_residual: c.parallel_residual,
            activation: c.activation,
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
        let ([n, width], heads, d_head) = (h.dims(), self.n_heads, self.d_head);
        let qkv = block.query_key_value.forward(h).reshape([n, heads, 3, d_head]); // [tokens, heads, 3, d_head]
        let qkv = qkv.swap_dims(1, 2).reshape([n, 3 * width]); // [tokens, 3 * heads * d_head]
        let qk = pass.rotary[0].apply(qkv.clone().narrow(1, 0, 2 * width)); // [tokens, 2 * heads * d_head]
        let (q, k) = (qk.clone().narrow(1, 0, width), qk.narrow(1, width, width)); // [tokens, heads * d_head]
        let v = qkv.narrow(1, 2 * width, width); // [tokens, heads * d_head]
        block.dense.forward(pass.plans[0].attend(layer, q, k, v, cache)) // [tokens, d_model]
    }

    fn feed_forward(&self, block: &Block<B>, h: Tensor<B, 2>) -> Tensor<B, 2> {
        let inner = block.dense_h_to_4h.forward(h); // [tokens, d_ff]
        block.dense_4h_to_h.forward(self.activation.apply(inner))
    }
}

impl<B: Backend> CausalLm<B> for GptNeox<B> {
    fn vocab_size(&self) -> usize {
        self.embed_in.dims()[0]
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: self.layers.len(), n_kv_heads: self.n_heads, d_head: self.d_head }
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn device(&self) -> B::Device {
        self.embed_in.device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        forward(self, tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.lm_head.as_ref().unwrap_or(&self.embed_in).scores(hidden) // [n, vocab]
    }
}

impl<B: Backend> Family<B> for GptNeox<B> {
    fn d_model(&self) -> usize {
        self.embed_in.dims()[1]
    }

    fn n_blocks(&self) -> usize {
        self.layers.len()
    }

    fn plan(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Pass<B> {
        Pass::rotated(&self.rope, self.n_heads, self.embed_in.dtype(), tokens, cache)
    }

    fn embed(&self, tokens: &TokenBatch, _: &Pass<B>) -> Tensor<B, 2> {
        self.embed_in.rows(tokens.to_tensor(&self.device())) // [tokens, d_model]
    }

    fn block(&self, number: usize, x: Tensor<B, 2>, pass: &Pass<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let block = &self.layers[number];
        let h = block.input_layernorm.forward(x.clone());
        let attended = x.clone() + self.attention(number, block, h, pass, cache);
        let input = if self.parallel_residual { x } else { attended.clone() };
        attended + self.feed_forward(block, block.post_attention_layernorm.forward(input))
    }

    fn finish(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.final_layer_norm.forward(x)
    }

    fn leaves(&self) -> Vec<&dyn Leaf<B>> {
        let mut leaves: Vec<&dyn Leaf<B>> = vec![&self.embed_in];
        for b in &self.layers {
            leaves.extend([&b.input_layernorm as &dyn Leaf<B>, &b.post_attention_layernorm]);
            leaves.extend([&b.query_key_value as &dyn Leaf<B>, &b.dense, &b.dense_h_to_4h, &b.dense_4h_to_h]);
        }
        leaves.push(&self.final_layer_norm);
        leaves.extend(self.lm_head.iter().map(|head| head as &dyn Leaf<B>));
        leaves
    }

    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>> {
        let mut per_id: Vec<&mut dyn PerId<B>> = vec![&mut self.embed_in];
        per_id.extend(self.lm_head.iter_mut().map(|head| head as &mut dyn PerId<B>));
        per_id
    }

    fn projections_mut(&mut self) -> Vec<&mut Projection<B>> {
        self.layers.iter_mut().flat_map(Block::projections_mut).collect()
    }
}

impl<B: Backend> Block<B> {
    fn projections_mut(&mut self) -> [&mut Projection<B>; 4] {
        let Self { query_key_value, dense, dense_h_to_4h, dense_4h_to_h, .. } = self;
        [query_key_value, dense, dense_h_to_4h, dense_4h_to_h]
    }
}
