//! The tokenizer inside a GGUF file, written out as the `tokenizer.json` that it stands for.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{SpecialIds, Tokenizer};
use crate::{error::ModelError, gguf::GgufFile};

/// `tokenizer.ggml.token_type` of special tokens (llama.cpp: `LLAMA_TOKEN_TYPE_CONTROL`).
const CONTROL: i64 = 3;
/// Of tokens that users added (`LLAMA_TOKEN_TYPE_USER_DEFINED`).
const USER_DEFINED: i64 = 4;

pub(super) fn read(file: &GgufFile) -> Result<Tokenizer, ModelError> {
    let model = file.get_str("tokenizer.ggml.model")?;
    if model != "gpt2" {
        return Err(unusable(format!(
            "the vocabulary is of kind `{model}`, only `gpt2` (byte-level BPE) is read"
        )));
    }
    let pre_tokenizer = pre_tokenizer(file.get_str("tokenizer.ggml.pre")?)?;
    let tokens = file.get_array_str("tokenizer.ggml.tokens")?;
    let types = file.get_array_i64("tokenizer.ggml.token_type")?;
    let special = SpecialIds {
        bos: id(file, "tokenizer.ggml.bos_token_id")?,
        eos: id(file, "tokenizer.ggml.eos_token_id")?,
        unk: id(file, "tokenizer.ggml.unknown_token_id")?,
    };
    let json = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_tokens(&tokens, &types)?,
        "normalizer": null,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor(file, &tokens, special)?,
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": false,
            "vocab": vocabulary(&tokens)?,
            "merges": merges(&file.get_array_str("tokenizer.ggml.merges")?)?,
        },
    });
    let chat_template = optional(file, "tokenizer.chat_template", GgufFile::get_str)?.map(str::to_owned);
    Tokenizer::from_json(json.to_string().as_bytes(), special, chat_template)
}

/// How text is cut before merges apply; the names are llama.cpp's.
fn pre_tokenizer(name: &str) -> Result<Value, ModelError> {
    let byte_level =
        json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true });
    match name {
        "gpt-2" | "default" => Ok(byte_level),
        "smollm" => Ok(json!({
            "type": "Sequence",
            "pretokenizers": [{ "type": "Digits", "individual_digits": true }, byte_level],
        })),
        other => {
            Err(unusable(format!("the pre-tokenizer `{other}` is not known (known: smollm, gpt-2, default)")))
        }
    }
}

fn vocabulary(tokens: &[&str]) -> Result<Map<String, Value>, ModelError> {
    let mut vocabulary = Map::with_capacity(tokens.len());
    for (id, token) in tokens.iter().enumerate() {
        if vocabulary.insert((*token).to_owned(), id.into()).is_some() {
            return Err(unusable(format!("the token `{token}` comes twice")));
        }
    }
    Ok(vocabulary)
}

/// Merges are two token names with a space between; the names are never empty and hold no space, but GGUF
/// files of odd vocabularies start with one.
fn merges(lines: &[&str]) -> Result<Vec<[String; 2]>, ModelError> {
    let pair = |line: &&str| {
        let (space, _) = line.char_indices().skip(1).find(|&(_, c)| c == ' ')?;
        Some([line[..space].to_owned(), line[space + 1..].to_owned()])
    };
    let bad = |line: &str| unusable(format!("`{line}` is no merge of two tokens"));
    lines.iter().map(|line| pair(line).ok_or_else(|| bad(line))).collect()
}

fn added_tokens(tokens: &[&str], types: &[i64]) -> Result<Vec<Value>, ModelError> {
    if types.len() != tokens.len() {
        return Err(unusable(format!("it has {} tokens, but {} token types", tokens.len(), types.len())));
    }
    let entry = |(id, (token, kind)): (usize, (&&str, &i64))| {
        let special = *kind == CONTROL;
        (special || *kind == USER_DEFINED).then(|| {
            json!({
                "id": id,
                "content": token,
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": !special,
                "special": special,
            })
        })
    };
    Ok(tokens.iter().zip(types).enumerate().filter_map(entry).collect())
}

/// Adds the begin and end tokens where the file asks for them.
fn post_processor(file: &GgufFile, tokens: &[&str], special: SpecialIds) -> Result<Value, ModelError> {
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
        .map(|id| (id, tokens[id as usize]))
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
