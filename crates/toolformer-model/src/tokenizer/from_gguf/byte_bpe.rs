//! Vocabularies of byte-level BPE, llama.cpp's kind `gpt2`.

use serde_json::{Map, Value, json};

use super::{unusable, vocabulary};
use crate::{
    error::ModelError,
    gguf::GgufFile,
    tokenizer::pre_tokenizers::{NAMES, named},
};

/// What the file stands for, without the parts that all kinds share.
pub(super) fn read(file: &GgufFile, names: &[String]) -> Result<Map<String, Value>, ModelError> {
    let name = file.get_str("tokenizer.ggml.pre")?;
    let pre = named(name).ok_or_else(|| {
        unusable(format!("the pre-tokenizer `{name}` is not known (known: {})", NAMES.join(", ")))
    })?;
    let parts = json!({
        "normalizer": pre.normalizer,
        "pre_tokenizer": pre.json,
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": pre.ignore_merges,
            "vocab": vocabulary(names)?,
            "merges": merges(&file.get_array_str("tokenizer.ggml.merges")?)?,
        },
    });
    Ok(parts.as_object().cloned().unwrap_or_default())
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
