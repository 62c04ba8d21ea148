//! The tiny fixtures and how to run them.

use std::path::PathBuf;

use burn::{backend::Flex, tensor::Tensor};
use toolformer_model::{
    CausalLm, KvCache, LanguageModel, ModelConfig, Pretrained, SafetensorsFolder, TokenBatch, WeightSource,
};

pub(crate) type B = Flex;

pub(crate) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures", name].iter().collect()
}

pub(crate) fn open(name: &str) -> (LanguageModel<B>, ModelConfig) {
    Pretrained::open_model(&fixture(name), &Default::default()).unwrap()
}

/// The numbers of a tensor of a fixture's `expected.safetensors`, with its shape.
fn stored<const N: usize, T>(name: &str, tensor: &str, read: fn([u8; N]) -> T) -> (Vec<usize>, Vec<T>) {
    let bytes = std::fs::read(fixture(name).join("expected.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let view = file.tensor(tensor).unwrap();
    let values = view.data().chunks(N).map(|bytes| read(bytes.try_into().unwrap()));
    (view.shape().to_vec(), values.collect())
}

/// `ids` `[batch][seq]` and `logits` `[batch][..]` of a fixture.
pub(crate) fn expected(name: &str) -> (Vec<Vec<u32>>, Vec<Vec<f32>>) {
    let (shape, ids) = stored(name, "ids", i64::from_le_bytes);
    let ids: Vec<u32> = ids.into_iter().map(|id| id as u32).collect();
    let (_, logits) = stored(name, "logits", f32::from_le_bytes);
    let rows = logits.len() / shape[0];
    (ids.chunks(shape[1]).map(<[u32]>::to_vec).collect(), logits.chunks(rows).map(<[f32]>::to_vec).collect())
}

pub(crate) fn tensor_names(folder: &str) -> Vec<String> {
    WeightSource::names(&SafetensorsFolder::open(fixture(folder)).unwrap())
}

/// Logits of the hidden states of one forward pass, `[seq * vocab]` for each row.
pub(crate) fn logits(model: &LanguageModel<B>, hidden: Tensor<B, 3>) -> Vec<Vec<f32>> {
    let [batch, seq, d_model] = hidden.dims();
    let flat = model.logits(hidden.reshape([batch * seq, d_model])).into_data().into_vec::<f32>().unwrap();
    flat.chunks(flat.len() / batch).map(<[f32]>::to_vec).collect()
}

pub(crate) fn empty_cache(model: &LanguageModel<B>, batch: usize, capacity: usize) -> KvCache<B> {
    KvCache::new(model.cache_shape(), batch, capacity, &model.device())
}

pub(crate) fn run(model: &LanguageModel<B>, rows: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let tokens = TokenBatch::new(rows);
    logits(model, model.forward(&tokens, &mut empty_cache(model, rows.len(), tokens.seq())))
}

/// The greatest difference from `expected`; what is found behind it does not count.
#[track_caller]
pub(crate) fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert!(found.len() >= expected.len(), "{} values for {}", found.len(), expected.len());
    assert!(found.iter().all(|value| value.is_finite()), "not a number");
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[track_caller]
pub(crate) fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    let worst = difference(found, expected);
    assert!(worst <= tolerance, "greatest difference {worst}");
}
