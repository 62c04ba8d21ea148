use std::path::PathBuf;

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn tiny() -> Tokenizer {
    Tokenizer::from_gguf(&GgufFile::open(fixture("tiny_llama/model.gguf")).unwrap()).unwrap()
}

/// The real model, where `TOOLFORMER_SMOLLM2` names it.
fn smollm2() -> Option<Tokenizer> {
    let cached = || {
        let home = std::env::var_os("HOME")?;
        let path =
            std::path::Path::new(&home).join(".cache/toolformer/models/SmolLM2-135M-Instruct.Q4_1.gguf");
        path.exists().then_some(path.into_os_string())
    };
    let Some(path) = std::env::var_os("TOOLFORMER_SMOLLM2").or_else(cached) else {
        // Not by eprintln!, which the test harness keeps to itself.
        let notice = b"\nSKIPPED, for want of SmolLM2: run `cargo xtask fetch smollm2`\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice);
        return None;
    };
    Some(Tokenizer::from_gguf(&GgufFile::open(path).unwrap()).unwrap())
}

fn cases(name: &str) -> Vec<(String, Vec<u32>, Value)> {
    let json: Value = serde_json::from_str(&fs::read_to_string(fixture(name)).unwrap()).unwrap();
    let cases = json.get("cases").unwrap_or(&json).as_array().unwrap().clone();
    let ids = |case: &Value| serde_json::from_value(case["ids"].clone()).unwrap();
    cases.into_iter().map(|case| (case["text"].as_str().unwrap().to_owned(), ids(&case), case)).collect()
}

/// What must hold for every text without added tokens in it.
#[track_caller]
fn round_trip(tokenizer: &Tokenizer, text: &str) {
    let (ids, offsets) = tokenizer.encode_with_offsets(text).unwrap();
    assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text:?}");
    assert_eq!(tokenizer.decode(&ids, false).unwrap(), text);
    let bytes: Vec<u8> = ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).collect();
    assert_eq!(bytes, text.as_bytes(), "{text:?}");
    let mut at = 0;
    for (&id, &(start, end)) in ids.iter().zip(&offsets) {
        let len = tokenizer.token_bytes(id).len();
        assert_eq!(start, text.floor_char_boundary(at), "start of {id} in {text:?}");
        at += len;
        assert_eq!(end, text.ceil_char_boundary(at), "end of {id} in {text:?}");
    }
}

const TEXTS: [&str; 7] = [
    "",
    " ",
    "Pittsburgh is known as the Steel City.",
    "  3.14 * 12,500 = ²½\r\n\tdon't CAN'T",
    "漢字かな交じり文 🙂👨‍👩‍👧 → ünïcödé e\u{301}\u{300}",
    "\u{0}\u{7F}\u{85}\u{A0}\u{AD}\u{FEFF}\u{10FFFF}",
    " [Calculator(400 / 1400) → 0.29] [[ ()] ]",
];

#[test]
fn ids_and_offsets_are_those_of_the_reference() {
    let tokenizer = tiny();
    for (text, ids, case) in cases("tiny_llama/tokens.json") {
        let offsets: Vec<(usize, usize)> = serde_json::from_value(case["offsets"].clone()).unwrap();
        assert_eq!(tokenizer.encode_with_offsets(&text).unwrap(), (ids, offsets), "{text:?}");
    }
    for text in TEXTS {
        round_trip(&tokenizer, text);
    }
}

#[test]
fn roles_and_markers() {
    let tokenizer = tiny();
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.unk()), (Some(1), Some(0), Some(0)));
    assert_eq!(tokenizer.vocab_size(), 267);
    assert_eq!(tokenizer.chat_template(), Some("{{ messages }}"));
    let marker = |text| tokenizer.marker_id(text).map(|id| tokenizer.id_to_token(id).unwrap());
    assert_eq!(marker(" ["), Some("Ġ[".to_owned()));
    assert_eq!(marker("\n"), Some("Ċ".to_owned()));
    assert_eq!(marker("<tool>"), Some("<tool>".to_owned()));
    assert_eq!([" [(", "Ġ[", "→", ""].map(marker), [const { None }; 4]);
    let ids = tokenizer.encode("a<|im_start|><tool>").unwrap();
    assert_eq!(ids.iter().map(|&id| tokenizer.is_special(id)).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(tokenizer.decode(&ids, true).unwrap(), "a<tool>");
    assert_eq!(tokenizer.token_bytes(1), b"<|im_start|>");
    assert_eq!(tokenizer.token_bytes(9999), b"");
}

#[test]
fn a_character_cut_in_two_decodes_by_bytes() {
    let tokenizer = tiny();
    let ids = tokenizer.encode("é").unwrap();
    assert_eq!(tokenizer.decode(&ids[..1], false).unwrap(), "\u{FFFD}");
    assert_eq!(tokenizer.token_bytes(ids[0]), [0xC3]);
}

#[test]
fn folder_and_gguf_are_the_same_tokenizer() {
    let [folder, gguf] = [Tokenizer::from_folder(fixture("tiny_llama"), None, None).unwrap(), tiny()];
    assert_eq!(folder.special, gguf.special);
    assert_eq!(folder.chat_template, gguf.chat_template);
    for (text, ids, _) in cases("tiny_llama/tokens.json") {
        assert_eq!(folder.encode(&text).unwrap(), ids);
    }
}

#[test]
fn a_folder_without_roles_takes_those_of_the_config() {
    let folder = tempfile::tempdir().unwrap();
    tiny().save(folder.path().join("tokenizer.json")).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path(), Some(1), Some(12_345)).unwrap();
    assert_eq!((tokenizer.bos(), tokenizer.eos()), (Some(1), None));
    fs::write(folder.path().join("tokenizer_config.json"), r#"{"eos_token": "</s>"}"#).unwrap();
    assert!(Tokenizer::from_folder(folder.path(), None, None).is_err());
    let error = Tokenizer::from_file(folder.path().join("other.json"), SpecialIds::default()).unwrap_err();
    assert!(matches!(error, ModelError::NotFound { .. }), "{error}");
}

/// Post-processors may trim offsets, truncation drops text: neither may touch what callers get.
#[test]
fn declared_special_tokens_come_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(fixture("tiny_llama/tokenizer.json")).unwrap()).unwrap();
    json["truncation"] =
        json!({ "direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0 });
    json["post_processor"] = json!({ "type": "Sequence", "processors": [
        { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        { "type": "TemplateProcessing",
          "single": [{ "SpecialToken": { "id": "<|im_start|>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
          "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
          "special_tokens": { "<|im_start|>": { "id": "<|im_start|>", "ids": [1], "tokens": ["<|im_start|>"] } } },
    ] });
    let path = folder.path().join("tokenizer.json");
    fs::write(&path, json.to_string()).unwrap();
    let tokenizer = Tokenizer::from_file(&path, SpecialIds::default()).unwrap();
    let (ids, offsets) = tokenizer.encode_with_offsets(" the [").unwrap();
    assert_eq!(offsets, [(0, 4), (4, 6)]);
    assert_eq!(tokenizer.encode_with_special(" the [").unwrap(), [&[1], &ids[..]].concat());
    let again = folder.path().join("again.json");
    tokenizer.save(&again).unwrap();
    let again = Tokenizer::from_file(again, SpecialIds::default()).unwrap();
    assert_eq!(again.encode_with_special(" the [").unwrap(), [&[1], &ids[..]].concat());
}

#[test]
fn smollm2_gives_the_golden_ids() {
    let Some(tokenizer) = smollm2() else { return };
    let folder = tempfile::tempdir().unwrap();
    tokenizer.save(folder.path().join("tokenizer.json")).unwrap();
    let config = tokenizer.tokenizer_config_json();
    fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    let saved = Tokenizer::from_folder(folder.path(), None, None).unwrap();
    assert_eq!((saved.special, &saved.chat_template), (tokenizer.special, &tokenizer.chat_template));
    for tokenizer in [&tokenizer, &saved] {
        for (text, ids, case) in cases("smollm2.json") {
            assert_eq!(tokenizer.encode(&text).unwrap(), ids, "{text:?}");
            assert_eq!(tokenizer.encode_with_special(&text).unwrap(), ids, "{text:?}");
            let greedy: Vec<u32> = serde_json::from_value(case["greedy_ids"].clone()).unwrap();
            assert_eq!(tokenizer.decode(&greedy, false).unwrap(), case["greedy_text"].as_str().unwrap());
            round_trip(tokenizer, &text);
        }
        TEXTS.iter().for_each(|text| round_trip(tokenizer, text));
        // What it cannot spell leaves a gap in the offsets.
        assert_eq!(tokenizer.encode_with_offsets("a\u{4}b").unwrap().1, [(0, 1), (2, 3)]);
        assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.vocab_size()), (Some(1), Some(2), 49_152));
        assert_eq!(tokenizer.marker_id(" [").and_then(|id| tokenizer.id_to_token(id)).as_deref(), Some("Ġ["));
    }
}
