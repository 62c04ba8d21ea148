//! Text that goes on from other text.
//!
//! Some tokenizers put a space before whatever they are given, as if it began a text. What is written behind
//! tokens that are there already must not get one.

use serde_json::Value;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

use super::wrap;
use crate::error::ModelError;

/// The same tokenizer without the space; none if it puts none.
pub(super) fn without_prefix(
    inner: &tokenizers::Tokenizer,
) -> Result<Option<tokenizers::Tokenizer>, ModelError> {
    let json = |value: Result<Value, serde_json::Error>| value.map_err(|error| wrap(error.into()));
    let before = [
        json(serde_json::to_value(inner.get_normalizer()))?,
        json(serde_json::to_value(inner.get_pre_tokenizer()))?,
    ];
    let [normalizer, pre_tokenizer] = before.clone().map(strip);
    if before == [normalizer.clone(), pre_tokenizer.clone()] {
        return Ok(None);
    }
    let mut continuing = inner.clone();
    let normalizer: Option<NormalizerWrapper> =
        serde_json::from_value(normalizer).map_err(|error| wrap(error.into()))?;
    let pre_tokenizer: Option<PreTokenizerWrapper> =
        serde_json::from_value(pre_tokenizer).map_err(|error| wrap(error.into()))?;
    continuing.with_normalizer(normalizer);
    continuing.with_pre_tokenizer(pre_tokenizer);
    Ok(Some(continuing))
}

/// A part of a tokenizer without what it puts before a text.
fn strip(mut part: Value) -> Value {
    match part["type"].as_str() {
        Some("Prepend") => return Value::Null,
        Some("Metaspace") => part["prepend_scheme"] = "never".into(),
        Some("ByteLevel") => part["add_prefix_space"] = false.into(),
        Some("Sequence") => {
            for list in ["normalizers", "pretokenizers"] {
                if let Some(parts) = part[list].as_array_mut() {
                    let kept = std::mem::take(parts).into_iter().map(strip).filter(|part| !part.is_null());
                    *parts = kept.collect();
                }
            }
        }
        _ => {}
    }
    part
}
