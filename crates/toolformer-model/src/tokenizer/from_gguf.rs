//! The tokenizer inside a GGUF file, written out as the `tokenizer.json` that it stands for.

mod byte_bpe;
mod sentence_piece;

use serde_json::{Map, Value};

use super::{
    SpecialIds, Tokenizer,
    chat_templates::{ChatTemplates, DEFAULT},
    tokenizer_json::{added_token, around_texts, whole},
};
use crate::{
    error::ModelError,
    gguf::GgufFile,
    gguf_keys::{CONTROL, END_NAMES},
};

/// `tokenizer.ggml.token_type` of tokens that the model may produce for text (llama.cpp: `LLAMA_TOKEN_TYPE_NORMAL`).
const NORMAL: i64 = 1;
/// Of tokens that users added (`LLAMA_TOKEN_TYPE_USER_DEFINED`).
const USER_DEFINED: i64 = 4;

/// How SentencePiece writes a space.
const SPACE: &str = "▁";

pub(super) fn read(file: &GgufFile) -> Result<Tokenizer, ModelError> {
    let tokens = file.get_array_str("tokenizer.ggml.tokens")?;
    let types = types(file, &tokens)?;
    if types.len() != tokens.len() {
        return Err(unusable(format!("it has {} tokens, but {} token types", tokens.len(), types.len())));
    }
    let kind = file.get_str("tokenizer.ggml.model")?;
    let default = default_ids(kind);
    let id = |key: &str, default: Option<u32>| {
        let found = optional(file, &format!("tokenizer.ggml.{key}_token_id"), GgufFile::get_u32)?;
        Ok::<_, ModelError>(found.or(default.filter(|&id| (id as usize) < tokens.len())))
    };
    let special = SpecialIds {
        bos: id("bos", default.bos)?,
        eos: id("eos", default.eos)?,
        unk: id("unknown", default.unk)?,
        pad: id("padding", default.pad)?,
    };
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
    // Whether the tokens that begin and end a text are added where the file does not say: as in llama.cpp.
    let (parts, ends) = match kind {
        "gpt2" => byte_bpe::read(file, &names).map(|(parts, begins)| (parts, [begins, false]))?,
        "llama" => (sentence_piece::read_bpe(file, &names, &types, special.unk)?, [true, false]),
        "t5" => (sentence_piece::read_unigram(file, &names, special.unk)?, [false, true]),
        other => {
            let known = "`gpt2` (byte-level BPE), `llama` and `t5` (SentencePiece)";
            return Err(unusable(format!("the vocabulary is of kind `{other}`; {known} are read")));
        }
    };
    let added = added_tokens(&names, &types, !pieces);
    let json = whole(parts, added, post_processor(file, &names, special, ends)?);
    let chat_templates = chat_templates(file)?;
    Ok(Tokenizer { chat_templates, ..Tokenizer::from_json(json.to_string().as_bytes(), special)? })
}

/// The template for conversations, and further ones by their names.
fn chat_templates(file: &GgufFile) -> Result<ChatTemplates, ModelError> {
    let default = optional(file, "tokenizer.chat_template", GgufFile::get_str)?;
    let names = optional(file, "tokenizer.chat_templates", GgufFile::get_array_str)?.unwrap_or_default();
    let mut named: Vec<(String, String)> =
        default.into_iter().map(|template| (DEFAULT.to_owned(), template.to_owned())).collect();
    for name in names {
        let template = file.get_str(&format!("tokenizer.chat_template.{name}"))?;
        named.push((name.to_owned(), template.to_owned()));
    }
    Ok(ChatTemplates::named(named))
}

/// What kind of token each is. A file that does not say has tokens for text only, and those that llama.cpp knows by name
/// to end a text.
fn types(file: &GgufFile, tokens: &[&str]) -> Result<Vec<i64>, ModelError> {
    let key = "tokenizer.ggml.token_type";
    if file.has_key(key) {
        return file.get_array_i64(key);
    }
    tracing::warn!(file = %file.path().display(), "no token types; all but the known ends are taken for text");
    Ok(tokens.iter().map(|token| if END_NAMES.contains(token) { CONTROL } else { NORMAL }).collect())
}

/// The ids that llama.cpp takes where the file does not say.
fn default_ids(kind: &str) -> SpecialIds {
    match kind {
        "llama" => SpecialIds { bos: Some(1), eos: Some(2), unk: Some(0), pad: None },
        "t5" => SpecialIds { bos: None, eos: Some(1), unk: Some(2), pad: Some(0) },
        _ => SpecialIds::default(),
    }
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

/// Adds the begin and end tokens where the file asks for them, or says nothing and its kind has them.
fn post_processor(
    file: &GgufFile,
    tokens: &[String],
    special: SpecialIds,
    [begins, ends]: [bool; 2],
) -> Result<Value, ModelError> {
    let around = |key: &str, id: Option<u32>, default: bool| {
        if !optional(file, key, GgufFile::get_bool)?.unwrap_or(default && id.is_some()) {
            return Ok(None);
        }
        let token = id.and_then(|id| Some((tokens.get(id as usize)?.clone(), id)));
        token.map(Some).ok_or_else(|| unusable(format!("`{key}` is set, but there is no such token")))
    };
    Ok(around_texts(
        around("tokenizer.ggml.add_bos_token", special.bos, begins)?,
        around("tokenizer.ggml.add_eos_token", special.eos, ends)?,
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::blob::Blob;

    /// The ids of `a` with what the tokenizer puts around it; `keys` may set `add_bos_token` and `add_eos_token`.
    fn ids(kind: &str, pre: &str, keys: &[(&str, bool)], roles: bool) -> Vec<u32> {
        let count = 6 + keys.len() + if roles { 3 } else { 0 };
        let blob = Blob::new(0, count as u64)
            .text_key("tokenizer.ggml.model", kind)
            .text_key("tokenizer.ggml.pre", pre)
            .texts_key("tokenizer.ggml.tokens", &["<0>", "<1>", "<2>", "a", "▁", "▁a"])
            .texts_key("tokenizer.ggml.merges", &[])
            .list_key("tokenizer.ggml.token_type", 5, [3, 3, 3, 1, 1, 1])
            .list_key("tokenizer.ggml.scores", 6, [0.0, 0.0, 0.0, -1.0, -2.0, -0.5].map(f32::to_bits));
        let blob = keys.iter().fold(blob, |blob, (key, value)| {
            blob.key(&format!("tokenizer.ggml.{key}"), 7).bytes(&[u8::from(*value)])
        });
        let roles = [("bos", 2), ("eos", 1), ("unknown", 0)].into_iter().filter(|_| roles);
        let blob = roles
            .fold(blob, |blob, (role, id)| blob.key(&format!("tokenizer.ggml.{role}_token_id"), 4).u32(id));
        read(&blob.padded().open().unwrap()).unwrap().encode_with_special("a").unwrap()
    }

    #[track_caller]
    fn check(kind: &str, pre: &str, keys: &[(&str, bool)], expected: &[u32]) {
        assert_eq!(ids(kind, pre, keys, true), expected);
    }

    #[test]
    fn tokens_around_a_text_are_llama_cpps_where_the_file_is_silent() {
        check("gpt2", "gpt-2", &[], &[3]);
        check("gpt2", "qwen2", &[], &[3]);
        check("gpt2", "default", &[], &[3]);
        check("gpt2", "gpt-2", &[("add_bos_token", true), ("add_eos_token", true)], &[2, 3, 1]);
        for pre in ["llama-bpe", "llama3", "llama-v3", "falcon3", "tekken"] {
            check("gpt2", pre, &[], &[2, 3]);
            check("gpt2", pre, &[("add_bos_token", false)], &[3]);
        }
        check("llama", "default", &[], &[2, 5]);
        check("llama", "default", &[("add_bos_token", false)], &[5]);
        check("llama", "default", &[("add_bos_token", false), ("add_eos_token", true)], &[5, 1]);
        check("t5", "default", &[], &[5, 1]);
        check("t5", "default", &[("add_eos_token", false)], &[5]);
    }

    /// A file without `pre` and without token types; `<2>` is text then, and `<|im_end|>` special by its name.
    #[test]
    fn what_a_file_does_not_say_is_llama_cpps_default() {
        let named = |pre: Option<&str>| {
            let blob = Blob::new(0, 3 + u64::from(pre.is_some()))
                .text_key("tokenizer.ggml.model", "gpt2")
                .texts_key(
                    "tokenizer.ggml.tokens",
                    &["<", "2", ">", "<2>", "<|im_end|>", "+", "++", "a", "+a"],
                )
                .texts_key("tokenizer.ggml.merges", &["+ +", "+ a"]);
            let blob = pre.iter().fold(blob, |blob, pre| blob.text_key("tokenizer.ggml.pre", pre));
            read(&blob.padded().open().unwrap()).unwrap()
        };
        for text in ["<2>", "++a<|im_end|>a", "a+a"] {
            let ids = |pre| named(pre).encode(text).unwrap();
            assert_eq!(ids(None), ids(Some("default")), "{text}");
        }
        let tokenizer = named(None);
        assert_eq!(tokenizer.encode("<2><|im_end|>").unwrap(), [0, 1, 2, 4]);
        assert!(tokenizer.is_special(4) && !tokenizer.is_special(3));
    }

    #[test]
    fn templates_may_have_names() {
        let blob = Blob::new(0, 6)
            .text_key("tokenizer.ggml.model", "gpt2")
            .texts_key("tokenizer.ggml.tokens", &["a"])
            .texts_key("tokenizer.ggml.merges", &[])
            .text_key("tokenizer.chat_template", "d")
            .texts_key("tokenizer.chat_templates", &["tool_use"])
            .text_key("tokenizer.chat_template.tool_use", "t");
        let templates = read(&blob.padded().open().unwrap()).unwrap().chat_templates;
        assert_eq!((templates.choose(false).unwrap(), templates.choose(true).unwrap()), ("d", "t"));
    }

    #[test]
    fn roles_are_llama_cpps_where_the_file_is_silent() {
        assert_eq!(ids("llama", "default", &[], false), [1, 5]);
        assert_eq!(ids("t5", "default", &[], false), [5, 1]);
        assert_eq!(ids("gpt2", "llama-bpe", &[], false), [3]);
    }
}
