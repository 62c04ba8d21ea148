//! The Llama family (Touvron et al., 2023): pre-norm blocks of rotary grouped-query attention and SwiGLU.

use burn::{
    module::{Module, Param},
    tensor::{Tensor, activation::silu, backend::Backend},
};

use crate::{
    attention::AttentionPlan,
    causal_lm::CausalLm,
    error::ModelError,
    kv_cache::{CacheShape, KvCache},
    llama_config::LlamaConfig,
    named_param::named_param,
    projection::Projection,
    rms_norm::RmsNorm,
    rotary::Rotary,
    tensor_reader::TensorReader,
    token_batch::TokenBatch,
    weights::WeightSource,
};

/// A Llama language model.
#[derive(Module, Debug)]
pub struct Llama<B: Backend> {
    /// `[vocab, d_model]`
    embed_tokens: Param<Tensor<B, 2>>,
    layers: Vec<Block<B>>,
    norm: RmsNorm<B>,
    /// `[vocab, d_model]`; none where the head is tied to the embedding.
    lm_head: Option<Param<Tensor<B, 2>>>,
    n_heads: usize,
    n_kv_heads: usize,
    d_head: usize,
    rope_theta: f64,
    max_positions: usize,
}

/// One transformer block.
#[derive(Module, Debug)]
pub(crate) struct Block<B: Backend> {
    input_layernorm: RmsNorm<B>,
    /// `q_proj` and `k_proj`, which are rotated together.
    qk: Projection<B>,
    v_proj: Projection<B>,
    o_proj: Projection<B>,
    post_attention_layernorm: RmsNorm<B>,
    gate_proj: Projection<B>,
    up_proj: Projection<B>,
    down_proj: Projection<B>,
}

/// The projections of a block: its field, then the checkpoint names of its parts.
///
/// What is used apart is not fused: the halves of a fused product are strided, and element-wise operations on
/// strided tensors cost more than the product saves.
pub(crate) const PROJECTIONS: [(&str, &[&str]); 6] = [
    ("self_attn.qk", &["self_attn.q_proj", "self_attn.k_proj"]),
    ("self_attn.v_proj", &["self_attn.v_proj"]),
    ("self_attn.o_proj", &["self_attn.o_proj"]),
    ("mlp.gate_proj", &["mlp.gate_proj"]),
    ("mlp.up_proj", &["mlp.up_proj"]),
    ("mlp.down_proj", &["mlp.down_proj"]),
];

impl<B: Backend> Llama<B> {
    /// Reads the weights of a model with this config.
    ///
    /// # Errors
    /// If tensors are missing, left over or misshapen (all of them are named), or cannot be read.
    pub fn from_weights(
        config: &LlamaConfig,
        source: &dyn WeightSource,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let c = config;
        let reader = TensorReader::<B>::new(source, device);
        reader.check(&tensor_shapes(config))?;
        let norm = |name: &str| -> Result<RmsNorm<B>, ModelError> {
            Ok(RmsNorm::new(name, reader.vector(name)?, c.rms_norm_eps))
        };
        let mut layers = Vec::with_capacity(c.n_layers);
        for i in 0..c.n_layers {
            let prefix = format!("model.layers.{i}");
            let projection = |which: usize| -> Result<Projection<B>, ModelError> {
                let (field, parts) = PROJECTIONS[which];
                let parts: Result<Vec<_>, _> =
                    parts.iter().map(|part| reader.matrix(&format!("{prefix}.{part}.weight"))).collect();
                Ok(Projection::fuse(&format!("{prefix}.{field}.weight"), parts?))
            };
            layers.push(Block {
                input_layernorm: norm(&format!("{prefix}.input_layernorm.weight"))?,
                qk: projection(0)?,
                v_proj: projection(1)?,
                o_proj: projection(2)?,
                post_attention_layernorm: norm(&format!("{prefix}.post_attention_layernorm.weight"))?,
                gate_proj: projection(3)?,
                up_proj: projection(4)?,
                down_proj: projection(5)?,
            });
        }
        let lm_head = if c.tie_embeddings { None } else { Some(reader.matrix("lm_head.weight")?) };
        Ok(Self {
            embed_tokens: named_param(
                "model.embed_tokens.weight",
                reader.matrix("model.embed_tokens.weight")?,
            ),
            layers,
            norm: norm("model.norm.weight")?,
            lm_head: lm_head.map(|head| named_param("lm_head.weight", head)),
            n_heads: c.n_heads,
            n_kv_heads: c.n_kv_heads,
            d_head: c.d_head,
            rope_theta: c.rope_theta,
            max_positions: c.max_positions,
        })
    }

    /// Every tensor under its checkpoint name, one at a time, in the checkpoint's own layout; LoRA updates are
    /// not part of it (see [`Llama::merge_lora`]).
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>, Tensor<B, 1>)> + '_ {
        let flat2 = |name: String, t: Tensor<B, 2>| {
            let shape = t.dims().to_vec();
            (name, shape, t.reshape([-1]))
        };
        let flat1 = |name: String, t: Tensor<B, 1>| (name, t.dims().to_vec(), t);
        let embedding =
            std::iter::once_with(move || flat2("model.embed_tokens.weight".into(), self.embed_tokens.val()));
        let blocks = self.layers.iter().enumerate().flat_map(move |(i, block)| {
            let norms = [
                ("input_layernorm", &block.input_layernorm),
                ("post_attention_layernorm", &block.post_attention_layernorm),
            ];
            let norms =
                norms.map(|(name, norm)| flat1(format!("model.layers.{i}.{name}.weight"), norm.weight()));
            let parts =
                block.projections().into_iter().zip(PROJECTIONS).flat_map(move |(projection, (_, parts))| {
                    parts.iter().enumerate().map(move |(part, name)| {
                        flat2(format!("model.layers.{i}.{name}.weight"), projection.part(part))
                    })
                });
            norms.into_iter().chain(parts)
        });
        let rest = std::iter::once_with(move || flat1("model.norm.weight".into(), self.norm.weight()));
        let head = self.lm_head.iter().map(move |head| flat2("lm_head.weight".into(), head.val()));
        embedding.chain(blocks).chain(rest).chain(head)
    }

    pub(crate) fn blocks(&self) -> &[Block<B>] {
        &self.layers
    }

    pub(crate) fn blocks_mut(&mut self) -> &mut [Block<B>] {
        &mut self.layers
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
        let [batch, seq] = [tokens.batch(), tokens.seq()];
        let device = self.device();
        let positions: Vec<usize> = cache.positions().iter().flat_map(|&start| start..start + seq).collect();
        cache.reserve(tokens);
        // Queries are scaled by 1 / sqrt(d_head) along with their rotation, keys are not.
        let mut scales = vec![(self.d_head as f32).powf(-0.5); self.n_heads];
        scales.resize(self.n_heads + self.n_kv_heads, 1.0);
        let rotary = Rotary::new(&positions, &scales, self.d_head, self.rope_theta, &device);
        let plan = AttentionPlan::new(tokens, cache, self.n_kv_heads, self.n_heads, &device);
        let mut x = self.embed_tokens.val().select(0, tokens.to_tensor(&device)); // [batch * seq, d_model]
        for (layer, block) in self.layers.iter().enumerate() {
            let h = block.input_layernorm.forward(x.clone());
            x = x + self.attention(layer, block, h, [batch, seq], &rotary, &plan, cache);
            let h = block.post_attention_layernorm.forward(x.clone());
            x = x + block.feed_forward(h);
        }
        let d_model = x.dims()[1];
        self.norm.forward(x).reshape([batch, seq, d_model]) // [batch, seq, d_model]
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let head = self.lm_head.as_ref().unwrap_or(&self.embed_tokens);
        hidden.matmul(head.val().transpose()) // [n, vocab]
    }
}

impl<B: Backend> Llama<B> {
    #[expect(clippy::too_many_arguments, reason = "one block's view of one pass")]
    fn attention(
        &self,
        layer: usize,
        block: &Block<B>,
        h: Tensor<B, 2>,
        [batch, seq]: [usize; 2],
        rotary: &Rotary<B>,
        plan: &AttentionPlan<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let [kv, per_kv, d_head] = [self.n_kv_heads, self.n_heads / self.n_kv_heads, self.d_head];
        let [q_width, kv_width] = [self.n_heads * d_head, kv * d_head];
        let qk = rotary.apply(block.qk.forward(h.clone()), self.n_heads + kv); // [batch * seq, q_width + kv_width]
        let q = qk.clone().narrow(1, 0, q_width).reshape([batch, seq, kv, per_kv, d_head]); // [batch, seq, n_kv_heads, per_kv, d_head]
        let q = q.permute([2, 0, 3, 1, 4]).reshape([kv, batch, per_kv * seq, d_head]); // [n_kv_heads, batch, per_kv * seq, d_head]
        let heads_first = |t: Tensor<B, 2>| t.reshape([batch, seq, kv, d_head]).permute([2, 0, 1, 3]); // [n_kv_heads, batch, seq, d_head]
        let k = heads_first(qk.narrow(1, q_width, kv_width));
        let v = heads_first(block.v_proj.forward(h));
        let (k, v) = cache.write(layer, k, v);
        let mixed = plan.attend(layer, q, k, v); // [n_kv_heads, batch, per_kv * seq, d_head]
        let mixed = mixed.reshape([kv, batch, per_kv, seq, d_head]).permute([1, 3, 0, 2, 4]); // [batch, seq, n_kv_heads, per_kv, d_head]
        block.o_proj.forward(mixed.reshape([batch * seq, q_width])) // [batch * seq, d_model]
    }
}

impl<B: Backend> Block<B> {
    /// The projections, in the order of [`PROJECTIONS`].
    pub(crate) fn projections(&self) -> [&Projection<B>; 6] {
        [&self.qk, &self.v_proj, &self.o_proj, &self.gate_proj, &self.up_proj, &self.down_proj]
    }

    /// The projections, in the order of [`PROJECTIONS`].
    pub(crate) fn projections_mut(&mut self) -> [&mut Projection<B>; 6] {
        let Self { qk, v_proj, o_proj, gate_proj, up_proj, down_proj, .. } = self;
        [qk, v_proj, o_proj, gate_proj, up_proj, down_proj]
    }

    /// SwiGLU: `(silu(h G) * h U) D`.
    fn feed_forward(&self, h: Tensor<B, 2>) -> Tensor<B, 2> {
        let gate = silu(self.gate_proj.forward(h.clone())); // [n, d_ff]
        self.down_proj.forward(gate * self.up_proj.forward(h))
    }
}

/// Names and shapes of a checkpoint with this config.
fn tensor_shapes(c: &LlamaConfig) -> Vec<(String, Vec<usize>)> {
    let [q, kv] = [c.n_heads * c.d_head, c.n_kv_heads * c.d_head];
    let mut shapes = vec![
        ("model.embed_tokens.weight".to_owned(), vec![c.vocab_size, c.d_model]),
        ("model.norm.weight".to_owned(), vec![c.d_model]),
    ];
    for i in 0..c.n_layers {
        let block = [
            ("input_layernorm", vec![c.d_model]),
            ("post_attention_layernorm", vec![c.d_model]),
            ("self_attn.q_proj", vec![q, c.d_model]),
            ("self_attn.k_proj", vec![kv, c.d_model]),
            ("self_attn.v_proj", vec![kv, c.d_model]),
            ("self_attn.o_proj", vec![c.d_model, q]),
            ("mlp.gate_proj", vec![c.d_ff, c.d_model]),
            ("mlp.up_proj", vec![c.d_ff, c.d_model]),
            ("mlp.down_proj", vec![c.d_model, c.d_ff]),
        ];
        shapes.extend(block.map(|(name, shape)| (format!("model.layers.{i}.{name}.weight"), shape)));
    }
    if !c.tie_embeddings {
        shapes.push(("lm_head.weight".to_owned(), vec![c.vocab_size, c.d_model]));
    }
    shapes
}
