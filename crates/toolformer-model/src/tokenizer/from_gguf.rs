//! The tokenizer inside a GGUF file, written out as the `tokenizer.json` that it stands for.

mod byte_bpe;
mod sentence_piece;

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    SpecialIds, Tokenizer,
    tokenizer_json::{added_token, whole},
};
use crate::{error::ModelError, gguf::GgufFile};

/// `tokenizer.ggml.token_type` of special tokens (llama.cpp: `LLAMA_TOKEN_TYPE_CONTROL`).
const CONTROL: i64 = 3;
/// Of tokens that users added (`LLAMA_TOKEN_TYPE_USER_DEFINED`).
const USER_DEFINED: i64 = 4;

/// How SentencePiece writes a space.
const SPACE: &str = "▁";

pub(super) fn read(file: &GgufFile) -> Result<Tokenizer, ModelError> {
    let tokens = file.get_array_str("tokenizer.ggml.tokens")?;
    let types = file.get_array_i64("tokenizer.ggml.token_type")?;
    if types.len() != tokens.len() {
        return Err(unusable(format!("it has {} tokens, but {} token types", tokens.len(), types.len())));
    }
    let special = SpecialIds {
        bos: id(file, "tokenizer.ggml.bos_token_id")?,
        eos: id(file, "tokenizer.ggml.eos_token_id")?,
        unk: id(file, "tokenizer.ggml.unknown_token_id")?,
        pad: id(file, "tokenizer.ggml.padding_token_id")?,
    };
    let kind = file.get_str("tokenizer.ggml.model")?;
    let pieces = matches!(kind, "llama" | "t5");
    // The converter writes the spaces of tokens that users defined as spaces; SentencePiece's have a sign for it.
    let names: Vec<String> = tokens
        .iter()
        .zip(&types)
        .map(|(token, &of)| match of {
            USER_DEFINED if pieces => token.replace(' ', SPACE),
            _ => (*token).to_owned(),
        })
        .collect();
    let parts = match kind {
        "gpt2" => byte_bpe::read(file, &names)?,
        "llama" => sentence_piece::read_bpe(file, &names, &types, special.unk)?,
        "t5" => sentence_piece::read_unigram(file, &names, special.unk)?,
        other => {
            let known = "`gpt2` (byte-level BPE), `llama` and `t5` (SentencePiece)";
            return Err(unusable(format!("the vocabulary is of kind `{other}`; {known} are read")));
        }
    };
    let added = added_tokens(&names, &types, !pieces);
    let json = whole(parts, added, post_processor(file, &names, special)?);
    let chat_template = optional(file, "tokenizer.chat_template", GgufFile::get_str)?.map(str::to_owned);
    Tokenizer::from_json(json.to_string().as_bytes(), special, chat_template)
}

fn vocabulary(names: &[String]) -> Result<Map<String, Value>, ModelError> {
    let mut vocabulary = Map::new();
    for (id, token) in names.iter().enumerate() {
        if vocabulary.insert(token.clone(), id.into()).is_some() {
            return Err(unusable(format!("the token `{token}` comes twice")));
        }
    }
    Ok(vocabulary)
}

/// Tokens that are looked for in a text before anything else. Those of SentencePiece are looked for as they are
/// written in the vocabulary, those of BPE that are not special in the normalised text.
fn added_tokens(names: &[String], types: &[i64], normalized: bool) -> Vec<Value> {
    let entry = |(id, (token, &kind)): (usize, (&String, &i64))| {
        let special = kind == CONTROL;
        (special || kind == USER_DEFINED).then(|| added_token(id as u64, token, normalized, special))
    };
    names.iter().zip(types).enumerate().filter_map(entry).collect()
}

/// Adds the begin and end tokens where the file asks for them.
fn post_processor(file: &GgufFile, tokens: &[String], special: SpecialIds) -> Result<Value, ModelError> {
    let mut template = vec![json!({ "Sequence": { "id": "A", "type_id": 0 } })];
    let mut used = HashSet::new();
    for (key, id, front) in [
        ("tokenizer.ggml.add_bos_token", special.bos, true),
        ("tokenizer.ggml.add_eos_token", special.eos, false),
    ] {
        if optional(file, key, GgufFile::get_bool)? != Some(true) {
            continue;
        }
        let id = id.filter(|&id| (id as usize) < tokens.len());
        let id = id.ok_or_else(|| unusable(format!("`{key}` is set, but there is no such token")))?;
        let piece = json!({ "SpecialToken": { "id": tokens[id as usize], "type_id": 0 } });
        template.insert(if front { 0 } else { template.len() }, piece);
        used.insert(id);
    }
    if used.is_empty() {
        return Ok(Value::Null);
    }
    let special_tokens: Map<String, Value> = used
        .into_iter()
        .map(|id| (id, &tokens[id as usize]))
        .map(|(id, token)| (token.to_owned(), json!({ "id": token, "ids": [id], "tokens": [token] })))
        .collect();
    let pair = [template.clone(), vec![json!({ "Sequence": { "id": "B", "type_id": 1 } })]].concat();
    Ok(
        json!({ "type": "TemplateProcessing", "single": template, "pair": pair, "special_tokens": special_tokens }),
    )
}

fn id(file: &GgufFile, key: &str) -> Result<Option<u32>, ModelError> {
    optional(file, key, GgufFile::get_u32)
}

/// A key that may be missing, but not of another type.
fn optional<'a, T>(
    file: &'a GgufFile,
    key: &str,
    get: impl Fn(&'a GgufFile, &str) -> Result<T, ModelError>,
) -> Result<Option<T>, ModelError> {
    file.has_key(key).then(|| get(file, key)).transpose()
}

fn unusable(what: String) -> ModelError {
    ModelError::Tokenizer { what: format!("{what}; use the model's Hugging Face folder instead") }
}
