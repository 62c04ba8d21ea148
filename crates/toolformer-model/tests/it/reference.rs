//! The tiny fixtures and how to run them.

use std::path::PathBuf;

use burn::{backend::Flex, tensor::Tensor};
use toolformer_model::{
    CausalLm, KvCache, Llama, LlamaConfig, Pretrained, SafetensorsFolder, TokenBatch, WeightSource,
};

pub(crate) type B = Flex;

pub(crate) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures", name].iter().collect()
}

pub(crate) fn llama() -> (Llama<B>, LlamaConfig) {
    Pretrained::open_model(&fixture("llama"), &Default::default()).unwrap()
}

/// `ids` `[batch][seq]` and `logits` `[batch][seq * vocab]` of a fixture.
pub(crate) fn expected(name: &str) -> (Vec<Vec<u32>>, Vec<Vec<f32>>) {
    let bytes = std::fs::read(fixture(name).join("expected.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let ids = file.tensor("ids").unwrap();
    let [batch, seq] = ids.shape().try_into().unwrap();
    let flat = ids.data().chunks(8).map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as u32);
    let flat: Vec<u32> = flat.collect();
    let logits = file.tensor("logits").unwrap();
    let values = logits.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    let values: Vec<f32> = values.collect();
    let rows = values.len() / batch;
    (flat.chunks(seq).map(<[u32]>::to_vec).collect(), values.chunks(rows).map(<[f32]>::to_vec).collect())
}

pub(crate) fn tensor_names(folder: &str) -> Vec<String> {
    WeightSource::names(&SafetensorsFolder::open(fixture(folder)).unwrap())
}

/// Logits of the hidden states of one forward pass, `[seq * vocab]` for each row.
pub(crate) fn logits(model: &Llama<B>, hidden: Tensor<B, 3>) -> Vec<Vec<f32>> {
    let [batch, seq, d_model] = hidden.dims();
    let flat = model.logits(hidden.reshape([batch * seq, d_model])).into_data().into_vec::<f32>().unwrap();
    flat.chunks(flat.len() / batch).map(<[f32]>::to_vec).collect()
}

pub(crate) fn empty_cache(model: &Llama<B>, batch: usize, capacity: usize) -> KvCache<B> {
    KvCache::new(model.cache_shape(), batch, capacity, &model.device())
}

pub(crate) fn run(model: &Llama<B>, rows: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let tokens = TokenBatch::new(rows);
    logits(model, model.forward(&tokens, &mut empty_cache(model, rows.len(), tokens.seq())))
}

#[track_caller]
pub(crate) fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert!(found.len() >= expected.len(), "{} values for {}", found.len(), expected.len());
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "greatest difference {worst}");
}
