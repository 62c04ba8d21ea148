//! Attention in one pass over the scores, split over threads by tokens.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData, backend::Backend};

use super::{
    jobs::{Job, jobs},
    numbers::{Numbers, known},
    pass::{LayerNumbers, Pass},
};
use crate::{
    kv_cache::{KvCache, Prefix},
    token_batch::TokenBatch,
};

/// How the tokens of one forward pass are split into jobs, and what each of them sees. It is the same for all blocks.
pub(crate) struct FlexAttention<B: Backend> {
    prefixes: Vec<Arc<Prefix<B>>>,
    jobs: Vec<Job>,
    lens: Vec<usize>,
    n_heads: usize,
}

impl<B: Backend> FlexAttention<B> {
    /// Plans the pass of `tokens` behind `cache`, which has already reserved their columns.
    pub(crate) fn new(
        tokens: &TokenBatch,
        cache: &KvCache<B>,
        n_heads: usize,
        window: Option<usize>,
    ) -> Self {
        Self {
            prefixes: cache.prefixes.iter().map(|view| view.prefix.clone()).collect(),
            jobs: jobs(tokens, cache, n_heads, window),
            lens: tokens.lens().to_vec(),
            n_heads,
        }
    }

    /// Attention of block `layer`, as [`AttentionPlan::attend`](crate::AttentionPlan::attend).
    pub(crate) fn attend(
        &self,
        layer: usize,
        q: &Tensor<B, 2>,
        [k, v]: [Tensor<B, 2>; 2],
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let new = [known(Numbers::of(&k)), known(Numbers::of(&v))];
        let own = cache.write_tokens(layer, new, &self.lens);
        // A prefix without tokens has no layers, and nobody sees anything of it.
        let shared = self.prefixes.iter().map(|prefix| prefix.layers.get(layer).unwrap_or(&own));
        let ([tokens, width], dtype, device) = (q.dims(), q.dtype(), q.device());
        let pass = Pass {
            queries: known(Numbers::single(q)),
            shared: shared.map(LayerNumbers::of).collect(),
            own: LayerNumbers::of(&own),
            n_kv_heads: cache.shape().n_kv_heads,
            per_kv: self.n_heads / cache.shape().n_kv_heads,
            d_head: cache.shape().d_head,
        };
        let out = TensorData::new(pass.run(&self.jobs), [tokens, width]).convert_dtype(dtype);
        Tensor::from_data(out, (&device, dtype))
    }
}
