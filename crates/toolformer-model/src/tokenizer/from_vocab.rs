//! The tokenizer of an older model folder: `vocab.json` and `merges.txt`, as GPT-2's.

use std::path::Path;

use serde_json::Value;

use super::{
    Tokenizer,
    added_tokens::{DeclaredTokens, name},
    from_folder::optional_json,
    pre_tokenizers::{PreTokenizer, named},
    tokenizer_json::{around_texts, byte_level_bpe, whole},
    wrap,
};
use crate::{error::ModelError, regular_file::read_text_if_there};

const END: &str = "<|endoftext|>";

/// The `tokenizer.json` that the folder's files stand for; none if they are not there.
pub(super) fn read(folder: &Path, config: &Value) -> Result<Option<Value>, ModelError> {
    let (vocab_path, merges_path) = (folder.join("vocab.json"), folder.join("merges.txt"));
    let Some(merges) = read_text_if_there(&merges_path)? else { return Ok(None) };
    let Value::Object(vocab) = optional_json(&vocab_path)? else { return Ok(None) };
    let merges = merges_of(&merges).map_err(|error| error.in_file(&merges_path))?;
    let mut pre = pre_tokenizer(config)?;
    if config["add_prefix_space"] == true {
        pre = pre.with_prefix_space();
    }
    Ok(Some(whole(byte_level_bpe(pre, vocab, merges), Vec::new(), Value::Null)))
}

fn class(config: &Value) -> &str {
    let class = config["tokenizer_class"].as_str().unwrap_or("GPT2Tokenizer");
    class.strip_suffix("Fast").unwrap_or(class)
}

/// The class of a slow tokenizer says how it cuts text; GPT-2's way where nothing is said.
fn pre_tokenizer(config: &Value) -> Result<PreTokenizer, ModelError> {
    let class = class(config);
    let name = match class {
        "GPT2Tokenizer" | "PreTrainedTokenizer" | "GPTNeoXTokenizer" => "gpt-2",
        "Qwen2Tokenizer" => "qwen2",
        _ => "",
    };
    named(name).ok_or_else(|| ModelError::Tokenizer {
        what: format!(
            "vocab.json and merges.txt of a `{class}` cannot be read; save the tokenizer as tokenizer.json \
             (AutoTokenizer, fast)"
        ),
    })
}

/// Two token names a line, with a space between; the first line may be a version.
fn merges_of(text: &str) -> Result<Vec<[&str; 2]>, ModelError> {
    let mut merges = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || at == 0 && line.starts_with("#version") {
            continue;
        }
        match line.split_once(' ') {
            Some((left, right)) if !(left.is_empty() || right.is_empty() || right.contains(' ')) => {
                merges.push([left, right]);
            }
            _ => {
                let what = format!("line {} is no merge of two tokens; download the file again", at + 1);
                return Err(ModelError::Tokenizer { what });
            }
        }
    }
    Ok(merges)
}

/// What the folder's class and flags add to the vocabulary: tokens, and those around every text.
pub(super) fn complete(
    tokenizer: &mut Tokenizer,
    mut declared: DeclaredTokens,
    config: &Value,
) -> Result<(), ModelError> {
    // GPT-2's only special token, where the folder names none.
    if tokenizer.token_to_id(END).is_some() {
        let qwen2 = class(config) == "Qwen2Tokenizer";
        let roles = ["eos_token", "unk_token", if qwen2 { "pad_token" } else { "bos_token" }];
        roles.iter().for_each(|role| declared.or_role(role, END));
    }
    declared.add_to(tokenizer)?;
    let around = |flag: &str, role: &str| {
        let asked = config[flag] == true;
        let name = declared.role(role).and_then(name).filter(|_| asked)?;
        Some((name.to_owned(), tokenizer.token_to_id(name)?))
    };
    let template = around_texts(around("add_bos_token", "bos_token"), around("add_eos_token", "eos_token"));
    tokenizer.post_processor = serde_json::from_value(template).map_err(|error| wrap(error.into()))?;
    Ok(())
}
