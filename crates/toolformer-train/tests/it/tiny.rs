//! The tiny Llama of `toolformer-model`'s fixtures, and the slow way to run it.

use burn::backend::Flex;
use toolformer_model::{CausalLm, KvCache, Llama, Pretrained, TokenBatch};
use toolformer_text::{FnTool, Registry, ToolError};
use toolformer_train::Text;

pub(crate) type B = Flex;

pub(crate) fn tiny() -> Pretrained<B> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/tiny_llama");
    Pretrained::open(folder.as_ref(), &Default::default()).unwrap()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<Text> {
    let number = |(id, text): (usize, &&str)| serde_json::json!({ "id": id, "text": text });
    texts.iter().enumerate().map(number).map(|text| serde_json::from_value(text).unwrap()).collect()
}

/// A tool that answers with the length of its arguments, and has nothing to say to none.
pub(crate) fn registry(name: &str) -> Registry {
    let mut registry = Registry::new();
    let tool = FnTool::new(name, "counts", |args: &str| match args.len() {
        0 => Err(ToolError::NoResult),
        len => Ok(len.to_string()),
    });
    registry.insert(tool).unwrap();
    registry
}

/// `log p` of every token that could follow `ids`, everything computed anew, in double precision from the logits on.
pub(crate) fn next_log_probs(model: &Llama<B>, ids: &[u32]) -> Vec<f64> {
    let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &Default::default());
    let hidden = model.forward(&TokenBatch::new(&[ids]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    let last = hidden.reshape([seq, d_model]).narrow(0, seq - 1, 1);
    let logits = model.logits(last).into_data().into_vec::<f32>().unwrap();
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - sum.ln()).collect()
}
