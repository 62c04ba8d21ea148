//! The tiny Llamas of `toolformer-model`'s fixtures, and the slow way to run them.

use std::path::PathBuf;

use burn::backend::Flex;
use toolformer_model::{CausalLm, KvCache, LanguageModel, Pretrained, TokenBatch};
use toolformer_text::{FnTool, Registry, ToolError};
use toolformer_train::Text;

pub(crate) type B = Flex;

pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../toolformer-model/tests/fixtures").join(name)
}

/// Random weights.
pub(crate) fn tiny() -> Pretrained<B> {
    Pretrained::open(&fixture("tiny_llama"), &Default::default()).unwrap()
}

/// Trained to write calls of a calculator.
pub(crate) fn calling() -> Pretrained<B> {
    Pretrained::open(&fixture("calling_llama"), &Default::default()).unwrap()
}

/// Trained to write texts again, with calls of a calculator in them.
pub(crate) fn rewriting() -> Pretrained<B> {
    Pretrained::open(&fixture("rewriting_llama"), &Default::default()).unwrap()
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

/// `12 * 3` as whole numbers; none if it is no such thing.
pub(crate) fn arithmetic(args: &str) -> Option<i64> {
    let [left, operator, right] = args.split(' ').collect::<Vec<_>>()[..] else { return None };
    let (left, right): (i64, i64) = (left.parse().ok()?, right.parse().ok()?);
    match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        _ => None,
    }
}

/// A calculator that has nothing to say to no arguments.
pub(crate) fn calculator() -> Registry {
    let mut registry = Registry::new();
    let tool = FnTool::new("Calculator", "calculates", |args: &str| match arithmetic(args) {
        _ if args.is_empty() => Err(ToolError::NoResult),
        Some(result) => Ok(result.to_string()),
        None => Err(ToolError::bad_arguments("write 12 * 3")),
    });
    registry.insert(tool).unwrap();
    registry
}

/// `log p` of every token that could follow `ids`, everything computed anew, in double precision from the logits on.
pub(crate) fn next_log_probs(model: &LanguageModel<B>, ids: &[u32]) -> Vec<f64> {
    let mut cache = KvCache::new(model.cache_shape(), 1, ids.len(), &Default::default());
    let hidden = model.forward(&TokenBatch::new(&[ids]), &mut cache);
    let [_, seq, d_model] = hidden.dims();
    let last = hidden.reshape([seq, d_model]).narrow(0, seq - 1, 1);
    let logits = model.logits(last).into_data().into_vec::<f32>().unwrap();
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - sum.ln()).collect()
}
