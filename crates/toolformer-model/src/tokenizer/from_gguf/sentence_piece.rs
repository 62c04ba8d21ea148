//! Vocabularies of SentencePiece: BPE with scores (llama.cpp's kind `llama`) and unigram models (`t5`).
//!
//! Both write a space as `▁` and spell what they have no token for by bytes. The JSON is the one that
//! transformers' converter makes of the same vocabulary.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{NORMAL, SPACE, USER_DEFINED, optional, unusable, vocabulary};
use crate::{
    error::ModelError,
    gguf::GgufFile,
    tokenizer::tokenizer_json::{bpe, parts},
};

/// A BPE vocabulary, without the parts that all kinds share. Its merges stand in no file: two tokens merge where
/// what they make is a token, the one with the better score first.
pub(super) fn read_bpe(
    file: &GgufFile,
    names: &[String],
    types: &[i64],
    unk: Option<u32>,
) -> Result<Value, ModelError> {
    let scores = scores(file, names)?;
    let prefix = optional(file, "tokenizer.ggml.add_space_prefix", GgufFile::get_bool)?.unwrap_or(true);
    let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE });
    let mut decoders = vec![
        json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    let normalizer = if prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
        json!({ "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": SPACE }, replace] })
    } else {
        replace
    };
    let unk = unk.and_then(|id| names.get(id as usize));
    let model = bpe(vocabulary(names)?, merges(names, types, &scores), unk, true, false);
    Ok(parts(normalizer, Value::Null, json!({ "type": "Sequence", "decoders": decoders }), model))
}

/// A unigram vocabulary, without the parts that all kinds share.
pub(super) fn read_unigram(file: &GgufFile, names: &[String], unk: Option<u32>) -> Result<Value, ModelError> {
    let scores = scores(file, names)?;
    let unk =
        unk.ok_or_else(|| unusable("a unigram vocabulary needs a token for what it lacks".to_owned()))?;
    let prefix = optional(file, "tokenizer.ggml.add_space_prefix", GgufFile::get_bool)?.unwrap_or(true);
    let mut normalizers = Vec::new();
    if file.has_key("tokenizer.ggml.precompiled_charsmap") {
        let bytes = file.get_array_i64("tokenizer.ggml.precompiled_charsmap")?;
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).collect();
        if !bytes.is_empty() {
            normalizers
                .push(json!({ "type": "Precompiled", "precompiled_charsmap": STANDARD.encode(bytes) }));
        }
    }
    if optional(file, "tokenizer.ggml.remove_extra_whitespaces", GgufFile::get_bool)? == Some(true) {
        normalizers.push(json!({ "type": "Strip", "strip_left": false, "strip_right": true }));
        normalizers.push(json!({ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }));
    }
    let scheme = if prefix { "always" } else { "never" };
    let metaspace =
        json!({ "type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": true });
    let by_bytes = names.iter().any(|name| name == "<0x00>");
    let decoder = if by_bytes {
        json!({ "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, metaspace] })
    } else {
        metaspace.clone()
    };
    let vocab: Vec<(&String, f32)> = names.iter().zip(scores).collect();
    let model = json!({ "type": "Unigram", "unk_id": unk, "vocab": vocab, "byte_fallback": by_bytes });
    let normalizer = json!({ "type": "Sequence", "normalizers": normalizers });
    Ok(parts(normalizer, metaspace, decoder, model))
}

fn scores(file: &GgufFile, names: &[String]) -> Result<Vec<f32>, ModelError> {
    let scores = file.get_array_f32("tokenizer.ggml.scores")?;
    if scores.len() != names.len() {
        return Err(unusable(format!("it has {} tokens, but {} scores", names.len(), scores.len())));
    }
    match scores.iter().find(|score| !score.is_finite()) {
        Some(score) => Err(unusable(format!("a token's score is {score}"))),
        None => Ok(scores),
    }
}

/// Every way to make a token of two others, the best first: by the token's score, then the longer left part. What
/// users defined comes before all others, as in SentencePiece, whatever score the file has for it.
fn merges<'t>(names: &'t [String], types: &[i64], scores: &[f32]) -> Vec<(&'t str, &'t str)> {
    let ids: HashMap<&str, usize> = names.iter().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
    let mut merges = Vec::new();
    let mut splits = Vec::new();
    for ((name, &kind), &score) in names.iter().zip(types).zip(scores) {
        let score = match kind {
            USER_DEFINED => 0.0,
            NORMAL => score,
            _ => continue,
        };
        splits.clear();
        splits.extend(name.char_indices().skip(1).filter_map(|(at, _)| {
            let (left, right) = name.split_at(at);
            Some((*ids.get(left)?, *ids.get(right)?, left, right))
        }));
        splits.sort_unstable_by_key(|&(left, right, ..)| (left, right));
        merges.extend(
            splits
                .iter()
                .map(|&(.., left, right)| (score, left.chars().count(), right.chars().count(), left, right)),
        );
    }
    merges.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(b.2.cmp(&a.2)));
    merges.into_iter().map(|(.., left, right)| (left, right)).collect()
}
