//! A model of one's own: `CausalLm` is all that scoring, filtering, annotating and generating ask for.
//!
//! `cargo run --release -p toolformer-examples --example own_model`
#![expect(clippy::print_stdout, reason = "a small program")]

use std::error::Error;

use toolformer::{
    burn::tensor::{Distribution, Tensor, activation::relu, backend::Backend},
    device::Cpu,
    model::{AttentionPlan, CacheShape, CausalLm, KvCache, TokenBatch, log_probs},
};

const VOCAB: usize = 256;
const D_MODEL: usize = 32;
const HEADS: usize = 4;

/// One block of attention and one hidden layer over bytes; random weights.
struct OneBlock<B: Backend> {
    embedding: Tensor<B, 2>,
    qkv: [Tensor<B, 2>; 3],
    inner: Tensor<B, 2>,
}

impl<B: Backend> OneBlock<B> {
    fn random(device: &B::Device) -> Self {
        let random = |rows| Tensor::random([rows, D_MODEL], Distribution::Normal(0.0, 0.2), device);
        let qkv = [D_MODEL; 3].map(random);
        Self { embedding: random(VOCAB), qkv, inner: random(D_MODEL) }
    }
}

impl<B: Backend> CausalLm<B> for OneBlock<B> {
    fn vocab_size(&self) -> usize {
        VOCAB
    }
    fn cache_shape(&self) -> CacheShape {
        CacheShape { n_layers: 1, n_kv_heads: HEADS, d_head: D_MODEL / HEADS }
    }
    fn max_positions(&self) -> usize {
        1024
    }
    fn device(&self) -> B::Device {
        self.embedding.device()
    }
    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        cache.reserve(tokens); // counts the tokens as seen; the plan then knows who sees whom
        let plan = AttentionPlan::new(tokens, cache, HEADS);
        let x = self.embedding.clone().select(0, tokens.to_tensor(&self.device())); // [tokens, d_model]: no padding among them
        let [q, k, v] = self.qkv.clone().map(|weight| x.clone().matmul(weight));
        let x = x + plan.attend(0, q, k, v, cache);
        let x = x.clone() + relu(x.matmul(self.inner.clone()));
        tokens.padded(x) // [batch, seq, d_model]
    }
    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        hidden.matmul(self.embedding.clone().transpose())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = OneBlock::<Cpu>::random(&Default::default());
    let text = "The elf queen counts to 3.";
    let ids: Vec<u32> = text.bytes().map(u32::from).collect();
    let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &model.device());
    let hidden = model.forward(&TokenBatch::new(&[&ids[..ids.len() - 1]]), &mut cache);
    let scores = log_probs(&model, hidden.reshape([ids.len() - 1, D_MODEL]), &ids[1..]);
    for (byte, score) in text.chars().skip(1).zip(&scores) {
        println!("{byte:?} {score:.3}");
    }
    println!("{:.3} nats a byte", -scores.iter().sum::<f32>() / scores.len() as f32);
    Ok(())
}
