//! How text is cut before the merges of byte-level BPE apply; the names are llama.cpp's.

use serde_json::{Value, json};

/// A pre-tokenizer, and what else goes with its name.
pub(super) struct PreTokenizer {
    pub(super) json: Value,
    pub(super) normalizer: Value,
    /// Whether a piece that is a token as a whole is taken without looking at the merges.
    pub(super) ignore_merges: bool,
}

/// GPT-2's pattern with contractions of either case, and digits by themselves.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same with up to three digits together.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// All names that [`named`] knows.
pub(super) const NAMES: [&str; 10] =
    ["gpt-2", "default", "olmo", "phi-2", "smollm", "starcoder", "qwen2", "llama-bpe", "llama3", "smaug-bpe"];

/// The pre-tokenizer of that name, if it is known.
pub(super) fn named(name: &str) -> Option<PreTokenizer> {
    let plain = |json| PreTokenizer { json, normalizer: Value::Null, ignore_merges: false };
    Some(match name {
        "gpt-2" | "default" | "olmo" | "phi-2" => plain(byte_level(true)),
        "smollm" | "starcoder" => {
            plain(sequence([json!({ "type": "Digits", "individual_digits": true }), byte_level(true)]))
        }
        "qwen2" => PreTokenizer { normalizer: json!({ "type": "NFC" }), ..plain(split(QWEN2)) },
        "llama-bpe" | "llama3" | "smaug-bpe" => PreTokenizer { ignore_merges: true, ..plain(split(LLAMA3)) },
        _ => return None,
    })
}

/// `use_regex` cuts by GPT-2's pattern.
fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex })
}

fn split(pattern: &str) -> Value {
    let split = json!({
        "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false,
    });
    sequence([split, byte_level(false)])
}

fn sequence(parts: [Value; 2]) -> Value {
    json!({ "type": "Sequence", "pretokenizers": parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        assert!(NAMES.iter().all(|name| named(name).is_some()));
        assert!(named("tekken").is_none());
    }
}
