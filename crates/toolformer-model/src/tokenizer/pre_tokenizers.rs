//! How text is cut before the merges of byte-level BPE apply; the names are llama.cpp's.

mod patterns;

use serde_json::{Value, json};

use patterns::{
    BLOOM, CODER, DEEPSEEK_LLM, DEEPSEEK_V3, DEFAULT, GPT_4O, LLAMA3, MINICPM5, QWEN2, SEED_CODER, TEKKEN,
};

/// A pre-tokenizer, and what else goes with its name.
pub(super) struct PreTokenizer {
    pub(super) json: Value,
    pub(super) normalizer: Value,
    /// Whether a piece that is a token as a whole is taken without looking at the merges.
    pub(super) ignore_merges: bool,
    /// Whether a token begins every text where the file does not say.
    pub(super) begins: bool,
}

impl PreTokenizer {
    /// The same with a space before every text.
    pub(super) fn with_prefix_space(mut self) -> Self {
        set_prefix_space(&mut self.json);
        self
    }
}

fn set_prefix_space(part: &mut Value) {
    if part["type"] == "ByteLevel" {
        part["add_prefix_space"] = true.into();
    }
    for inner in part.get_mut("pretokenizers").and_then(Value::as_array_mut).into_iter().flatten() {
        set_prefix_space(inner);
    }
}

/// What all names of one row have in common.
type Row = (&'static [&'static str], fn() -> PreTokenizer);

/// llama.cpp's names (`llama_vocab::impl::load`) of what models of Llama's, Qwen2's and Gemma's architecture use.
const ROWS: [Row; 16] = [
    (&["default"], || plain(splits(&DEFAULT, vec![]))),
    (
        &[
            "gpt-2",
            "phi-2",
            "olmo",
            "mpt",
            "jais",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "exaone4",
            "trillion",
            "granite-docling",
        ],
        || plain(byte_level(true)),
    ),
    (&["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"], || {
        plain(sequence(vec![digits(), byte_level(true)]))
    }),
    (&["qwen2", "deepseek-r1-qwen", "megrez", "f2llmv2"], || PreTokenizer {
        normalizer: json!({ "type": "NFC" }),
        ..plain(splits(&[QWEN2], vec![]))
    }),
    (&["stablelm2", "hunyuan", "kormo", "solar-open", "grok-2"], || plain(splits(&[QWEN2], vec![]))),
    (
        &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        || whole_tokens(&[LLAMA3], true),
    ),
    (&["smaug-bpe"], || whole_tokens(&[LLAMA3], false)),
    (&["dbrx"], || plain(splits(&[LLAMA3], vec![]))),
    (&["minicpm5"], || whole_tokens(&[r"\p{N}{1,3}", MINICPM5], false)),
    (&["seed-coder"], || plain(splits(&[SEED_CODER], vec![]))),
    (&["tekken"], || whole_tokens(&[TEKKEN], true)),
    (&["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], || plain(splits(&[GPT_4O], vec![]))),
    (&["deepseek-llm"], || plain(splits(&DEEPSEEK_LLM, vec![digits()]))),
    (&["deepseek-coder"], || plain(splits(&CODER, vec![digits()]))),
    (&["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], || plain(splits(&DEEPSEEK_V3, vec![]))),
    (&["viking"], || plain(splits(&[BLOOM], vec![digits()]))),
];

/// All names that [`named`] knows.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().flat_map(|(names, _)| names.iter().copied())
}

/// The pre-tokenizer of that name, if it is known.
pub(super) fn named(name: &str) -> Option<PreTokenizer> {
    ROWS.iter().find(|(names, _)| names.contains(&name)).map(|(_, make)| make())
}

fn plain(json: Value) -> PreTokenizer {
    PreTokenizer { json, normalizer: Value::Null, ignore_merges: false, begins: false }
}

fn whole_tokens(patterns: &[&str], begins: bool) -> PreTokenizer {
    PreTokenizer { ignore_merges: true, begins, ..plain(splits(patterns, vec![])) }
}

/// `use_regex` cuts by GPT-2's pattern.
fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex })
}

fn digits() -> Value {
    json!({ "type": "Digits", "individual_digits": true })
}

/// What one pattern leaves whole is cut by the next.
fn splits(patterns: &[&str], then: Vec<Value>) -> Value {
    let split = |pattern: &&str| json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false });
    sequence(patterns.iter().map(split).chain(then).chain([byte_level(false)]).collect())
}

fn sequence(parts: Vec<Value>) -> Value {
    json!({ "type": "Sequence", "pretokenizers": parts })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use tokenizers::{
        NormalizedString, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _,
        pre_tokenizers::PreTokenizerWrapper,
    };

    use super::*;

    /// The pieces of a text.
    fn cut(pre: &PreTokenizerWrapper, text: &str) -> Vec<String> {
        let mut pieces = PreTokenizedString::from(NormalizedString::from(text));
        pre.pre_tokenize(&mut pieces).unwrap();
        let splits = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
        splits.into_iter().map(|(_, (start, end), _)| text[start..end].to_owned()).collect()
    }

    /// `make_pre_tokenizers.py` cuts by the published pre-tokenizers; every row of the table has a case.
    #[test]
    fn pieces_are_those_of_the_published_tokenizers() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pre_tokenizers.json");
        let cases: BTreeMap<String, BTreeMap<String, Vec<String>>> =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for name in names() {
            let pre: PreTokenizerWrapper = serde_json::from_value(named(name).unwrap().json).unwrap();
            let (row, _) = ROWS.iter().find(|(names, _)| names.contains(&name)).unwrap();
            let pieces =
                row.iter().find_map(|name| cases.get(*name)).unwrap_or_else(|| panic!("no case for {name}"));
            for (text, expected) in pieces {
                assert_eq!(&cut(&pre, text), expected, "{name}: {text:?}");
            }
        }
        assert!(cases.keys().all(|name| named(name).is_some()));
    }

    #[track_caller]
    fn check(name: &str, ignore_merges: bool, begins: bool) {
        let pre = named(name).unwrap();
        assert_eq!((pre.ignore_merges, pre.begins), (ignore_merges, begins), "{name}");
    }

    /// As in llama.cpp's `llama_vocab::impl::load`.
    #[test]
    fn what_else_goes_with_a_name() {
        check("llama-bpe", true, true);
        check("falcon3", true, true);
        check("tekken", true, true);
        check("minicpm5", true, false);
        check("dbrx", false, false);
        check("qwen2", false, false);
        check("gpt-2", false, false);
        check("default", false, false);
        assert!(named("kimi-k2").is_none());
    }
}
