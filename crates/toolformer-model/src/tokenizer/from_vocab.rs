//! The tokenizer of an older model folder: `vocab.json` and `merges.txt`, as GPT-2's.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

use super::{
    from_folder::{optional_json, token},
    pre_tokenizers::{PreTokenizer, named},
    tokenizer_json::{added_token, byte_level_bpe, whole},
};
use crate::{error::ModelError, regular_file::read_text_if_there};

/// The `tokenizer.json` that the folder's files stand for; none if they are not there.
pub(super) fn read(folder: &Path, config: &Value) -> Result<Option<Value>, ModelError> {
    let (vocab_path, merges_path) = (folder.join("vocab.json"), folder.join("merges.txt"));
    let Some(merges) = read_text_if_there(&merges_path)? else { return Ok(None) };
    let Value::Object(vocab) = optional_json(&vocab_path)? else { return Ok(None) };
    let merges = merges_of(&merges).map_err(|error| error.in_file(&merges_path))?;
    let pre = pre_tokenizer(config)?;
    let added = added_tokens(folder, config, &vocab)?;
    Ok(Some(whole(byte_level_bpe(pre, vocab, merges), added, Value::Null)))
}

/// The class of a slow tokenizer says how it cuts text; GPT-2's way where nothing is said.
fn pre_tokenizer(config: &Value) -> Result<PreTokenizer, ModelError> {
    let class = config["tokenizer_class"].as_str().unwrap_or("GPT2Tokenizer");
    let name = match class.strip_suffix("Fast").unwrap_or(class) {
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

/// Tokens with a role and added ones, in the order of their ids.
fn added_tokens(folder: &Path, config: &Value, vocab: &Map<String, Value>) -> Result<Vec<Value>, ModelError> {
    let mut added: BTreeMap<u64, Value> = BTreeMap::new();
    let mut add = |id: u64, content: &str, special: bool| {
        added.insert(id, added_token(id, content, true, special));
    };
    let extra = optional_json(&folder.join("added_tokens.json"))?;
    for (content, id) in extra.as_object().into_iter().flatten() {
        add(id.as_u64().unwrap_or(u64::MAX), content, false);
    }
    let map = optional_json(&folder.join("special_tokens_map.json"))?;
    let id_of = |content: &str| vocab.get(content).or_else(|| extra.get(content)).and_then(Value::as_u64);
    let roles = ["bos_token", "eos_token", "unk_token", "pad_token"];
    let with_role = roles.iter().flat_map(|role| [token(&config[role]), token(&map[role])]).flatten();
    // GPT-2's only special token, where the folder names none.
    for content in with_role.chain(["<|endoftext|>"]) {
        if let Some(id) = id_of(content) {
            add(id, content, true);
        }
    }
    for (id, entry) in config["added_tokens_decoder"].as_object().into_iter().flatten() {
        if let (Ok(id), Some(content)) = (id.parse(), token(entry)) {
            add(id, content, entry["special"] == true);
        }
    }
    Ok(added.into_values().collect())
}
