//! The parts of a `tokenizer.json`, for vocabularies that come in other files.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::pre_tokenizers::PreTokenizer;

/// A BPE model. With `by_bytes` what the vocabulary lacks is spelt by its byte tokens, as SentencePiece does.
pub(super) fn bpe(
    vocab: Map<String, Value>,
    merges: impl Serialize,
    unk: Option<&String>,
    by_bytes: bool,
    ignore_merges: bool,
) -> Value {
    let mut model = json!({
        "type": "BPE",
        "dropout": null,
        "unk_token": unk,
        "continuing_subword_prefix": null,
        "end_of_word_suffix": null,
        "fuse_unk": by_bytes,
        "byte_fallback": by_bytes,
        "ignore_merges": ignore_merges,
        "merges": merges,
    });
    // Large, and so not copied.
    model["vocab"] = Value::Object(vocab);
    model
}

/// Byte-level BPE: all that a vocabulary, its merges and the way text is cut say.
pub(super) fn byte_level_bpe(pre: PreTokenizer, vocab: Map<String, Value>, merges: impl Serialize) -> Value {
    let decoder =
        json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    parts(pre.normalizer, pre.json, decoder, bpe(vocab, merges, None, false, pre.ignore_merges))
}

/// What a vocabulary's kind says.
pub(super) fn parts(normalizer: Value, pre_tokenizer: Value, decoder: Value, model: Value) -> Value {
    let parts = [
        ("normalizer", normalizer),
        ("pre_tokenizer", pre_tokenizer),
        ("decoder", decoder),
        ("model", model),
    ];
    Value::Object(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

/// The whole file: the parts of the vocabulary's kind, and the rest.
pub(super) fn whole(mut parts: Value, added_tokens: Vec<Value>, post_processor: Value) -> Value {
    parts["version"] = "1.0".into();
    parts["truncation"] = Value::Null;
    parts["padding"] = Value::Null;
    parts["added_tokens"] = added_tokens.into();
    parts["post_processor"] = post_processor;
    parts
}

/// A token that is looked for in a text before anything else; a special one in the text as it is written.
pub(super) fn added_token(id: u64, content: &str, normalized: bool, special: bool) -> Value {
    json!({
        "id": id,
        "content": content,
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": normalized && !special,
        "special": special,
    })
}

/// A post-processor that puts tokens before and behind every text; null for none.
pub(super) fn around_texts(before: Option<(String, u32)>, behind: Option<(String, u32)>) -> Value {
    let special = |token: &Option<(String, u32)>, text: u32| {
        token.as_ref().map(|(name, _)| json!({ "SpecialToken": { "id": name, "type_id": text } }))
    };
    let text = |id: &str, text: u32| {
        let sequence = json!({ "Sequence": { "id": id, "type_id": text } });
        special(&before, text).into_iter().chain([sequence]).chain(special(&behind, text))
    };
    let single: Vec<Value> = text("A", 0).collect();
    if single.len() == 1 {
        return Value::Null;
    }
    let pair: Vec<Value> = text("A", 0).chain(text("B", 1)).collect();
    let tokens: Map<String, Value> = [&before, &behind]
        .into_iter()
        .flatten()
        .map(|(name, id)| (name.clone(), json!({ "id": name, "ids": [id], "tokens": [name] })))
        .collect();
    json!({ "type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens })
}
