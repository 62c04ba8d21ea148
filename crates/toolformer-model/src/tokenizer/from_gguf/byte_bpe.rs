//! Vocabularies of byte-level BPE, llama.cpp's kind `gpt2`.

use serde_json::Value;

use super::{optional, unusable, vocabulary};
use crate::{
    error::ModelError,
    gguf::GgufFile,
    tokenizer::{
        pre_tokenizers::{named, names},
        tokenizer_json::byte_level_bpe,
    },
};

/// What the file stands for, without the parts that all kinds share, and whether a token begins every text where the
/// file does not say.
pub(super) fn read(file: &GgufFile, tokens: &[String]) -> Result<(Value, bool), ModelError> {
    let name = optional(file, "tokenizer.ggml.pre", GgufFile::get_str)?.unwrap_or_else(|| {
        tracing::warn!(file = %file.path().display(), "no pre-tokenizer is named; llama.cpp's default is taken");
        "default"
    });
    let pre = named(name).ok_or_else(|| {
        let known = names().collect::<Vec<_>>().join(", ");
        unusable(format!("the pre-tokenizer `{name}` is not known (known: {known})"))
    })?;
    let merges = merges(&file.get_array_str("tokenizer.ggml.merges")?)?;
    let begins = pre.begins;
    Ok((byte_level_bpe(pre, vocabulary(tokens)?, merges), begins))
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
