use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::*;

#[path = "../../tests/it/fetched.rs"]
mod fetched;

use fetched::fetched;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn tiny() -> Tokenizer {
    Tokenizer::from_gguf(&GgufFile::open(fixture("tiny_llama/model.gguf")).unwrap()).unwrap()
}

fn smollm2() -> Option<Tokenizer> {
    let path = fetched("TOOLFORMER_SMOLLM2", "SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2")?;
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
    assert_eq!(folder.chat_templates, gguf.chat_templates);
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
    assert_eq!((saved.special, &saved.chat_templates), (tokenizer.special, &tokenizer.chat_templates));
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

fn sentence_piece(file: &str) -> Tokenizer {
    let path = fixture("sentence_piece").join(file).with_extension("gguf");
    Tokenizer::from_gguf(&GgufFile::open(path).unwrap()).unwrap()
}

/// `make_sentence_piece.py` has slow, plain versions of both algorithms.
#[test]
fn sentence_piece_ids_are_those_of_the_definition() {
    for (text, ids, case) in cases("sentence_piece/tokens.json") {
        let file = case["file"].as_str().unwrap();
        let tokenizer = sentence_piece(file);
        assert_eq!(tokenizer.encode(&text).unwrap(), ids, "{file}: {text:?}");
        // The files ask for a beginning. They say nothing of an end, which unigram models have.
        let end: &[u32] = if file == "unigram" { &[2] } else { &[] };
        assert_eq!(tokenizer.encode_with_special(&text).unwrap(), [&[1], &ids[..], end].concat());
        // Behind an added token a prefix stays, as in Hugging Face's libraries.
        if !text.contains("<s>") {
            assert_eq!(tokenizer.decode(&ids, false).unwrap(), text.replace('▁', " "), "{file}");
        }
    }
}

#[test]
fn text_that_goes_on_gets_no_space() {
    let (prefixed, plain) = (sentence_piece("bpe_prefix"), sentence_piece("bpe"));
    for text in ["the cat", " 36]", "]", "é"] {
        assert_eq!(prefixed.encode_continuation(text).unwrap(), plain.encode(text).unwrap());
        assert_eq!(plain.encode_continuation(text).unwrap(), plain.encode(text).unwrap());
        assert_ne!(prefixed.encode(text).unwrap(), plain.encode(text).unwrap());
    }
    let bytes = |text| -> Vec<u8> {
        prefixed.encode_continuation(text).unwrap().iter().flat_map(|&id| prefixed.token_bytes(id)).collect()
    };
    assert_eq!(bytes("  12 [x] 🙂"), "  12 [x] 🙂".as_bytes());
    assert_eq!(plain.marker_id(" [").and_then(|id| plain.id_to_token(id)).as_deref(), Some("▁["));
}

#[test]
fn gemma3_gives_the_ids_of_its_own_tokenizer() {
    let Some(path) = fetched("TOOLFORMER_GEMMA3", "gemma-3-270m.Q4_K_M.gguf", "gemma3") else { return };
    let tokenizer = Tokenizer::from_gguf(&GgufFile::open(path).unwrap()).unwrap();
    for (text, ids, case) in cases("gemma3_tokens.json") {
        assert_eq!(tokenizer.encode(&text).unwrap(), ids, "{text:?}");
        let with_special: Vec<u32> = serde_json::from_value(case["with_special"].clone()).unwrap();
        assert_eq!(tokenizer.encode_with_special(&text).unwrap(), with_special, "{text:?}");
    }
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.pad()), (Some(2), Some(1), Some(0)));
}

#[test]
fn rows_are_cut_and_padded() {
    let tokenizer = Tokenizer { special: SpecialIds { pad: Some(0), ..tiny().special }, ..tiny() };
    let [a, b, c] = ["a", "b", "c"].map(|letter| tokenizer.encode(letter).unwrap()[0]);
    let batch = |texts: &[&str], options| tokenizer.encode_batch(texts, &options).unwrap();
    let rows = batch(&["abc", "a", ""], BatchOptions::default());
    assert_eq!(rows.ids, [[a, b, c], [a, 0, 0], [0, 0, 0]]);
    assert_eq!(rows.attention_mask, [[1, 1, 1], [1, 0, 0], [0, 0, 0]]);
    let left = BatchOptions {
        max_length: Some(2),
        truncation_side: Side::Left,
        padding_side: Side::Left,
        pad_to_multiple_of: Some(4),
        ..Default::default()
    };
    assert_eq!(batch(&["abc", "a"], left).ids, [[0, 0, b, c], [0, 0, 0, a]]);
    let pairs = tokenizer
        .encode_pairs(
            &[("abc", "b"), ("a", "c")],
            &BatchOptions { max_length: Some(3), ..Default::default() },
        )
        .unwrap();
    assert_eq!(pairs.ids, [[a, b, b], [a, c, 0]]);
    assert_eq!(pairs.token_type_ids, [[0, 0, 1], [0, 1, 0]]);
}

#[test]
fn special_tokens_count_as_length() {
    let tokenizer = sentence_piece("bpe");
    let options = BatchOptions { max_length: Some(3), ..Default::default() };
    let rows = tokenizer.encode_batch(&["the cat at"], &options).unwrap();
    assert_eq!(rows.ids, [[&[1], &tokenizer.encode("the cat").unwrap()[..]].concat()]);
    let error = tokenizer.encode_batch(&["a"], &BatchOptions { max_length: Some(0), ..options }).unwrap_err();
    assert!(error.to_string().contains("has no room for 1 special"), "{error}");
    let nothing = Tokenizer { special: SpecialIds::default(), ..sentence_piece("bpe") };
    let error = nothing.encode_batch(&["the", "the cat"], &BatchOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no token to pad with"), "{error}");
}

#[test]
fn added_tokens_get_ids_behind_the_others() {
    let mut tokenizer = sentence_piece("bpe_prefix");
    let size = tokenizer.vocab_size();
    assert_eq!(tokenizer.add_special_tokens(&["<call>", "<tool>", "</call>"]), 2);
    assert_eq!(tokenizer.vocab_size(), size + 2);
    let id = size as u32;
    let ids = tokenizer.encode("<call>the</call>").unwrap();
    assert_eq!((ids[0], *ids.last().unwrap()), (id, id + 1));
    assert_eq!(tokenizer.encode_continuation("<call>").unwrap(), [id]);
    assert_eq!(tokenizer.decode(&ids, true).unwrap(), "the");
    assert_eq!(tokenizer.token_bytes(id), b"<call>");
}

#[test]
fn conversations_are_written_by_the_template() {
    let template = "{% for m in messages %}{{ bos_token }}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}{% endfor %}\
                    {% if add_generation_prompt %}{{ bos_token }}assistant: {% endif %}{{ more }}";
    let tokenizer = Tokenizer { chat_templates: ChatTemplates::One(template.to_owned()), ..tiny() };
    let turns = [ChatMessage::new("user", "hi")];
    let mut options = ChatOptions::default();
    let text = |options: &ChatOptions| tokenizer.apply_chat_template(&turns, options).unwrap();
    assert_eq!(text(&options), "<|im_start|>user: hi<|endoftext|><|im_start|>assistant: ");
    options.add_generation_prompt = false;
    options.variables.insert("more".to_owned(), "!".into());
    assert_eq!(text(&options), "<|im_start|>user: hi<|endoftext|>!");
    let none = sentence_piece("bpe").apply_chat_template(&turns, &options).unwrap_err();
    assert!(none.to_string().contains("the model has none"), "{none}");
}

/// SmolLM2's own template, and what transformers makes of it.
#[test]
fn smollm2_converses() {
    let Some(tokenizer) = smollm2() else { return };
    let text =
        tokenizer.apply_chat_template(&[ChatMessage::new("user", "Hi")], &ChatOptions::default()).unwrap();
    let system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
    assert_eq!(
        text,
        format!(
            "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        )
    );
}

#[test]
fn a_folder_with_vocabulary_and_merges() {
    let folder = tiny_folder("vocab", &json!({}));
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path(), None, None).unwrap();
    let reference = tiny();
    // Without digits by themselves, as GPT-2.
    for text in ["the cat [", "漢字 -> )]", "a<|endoftext|>b"] {
        assert_eq!(tokenizer.encode(text).unwrap(), reference.encode(text).unwrap());
    }
    assert!(tokenizer.is_special(0));
    write("tokenizer_config.json", r#"{"tokenizer_class": "BloomTokenizer"}"#);
    let error = Tokenizer::from_folder(folder.path(), None, None).unwrap_err().to_string();
    assert!(error.contains("`BloomTokenizer` cannot be read"), "{error}");
    write("tokenizer_config.json", r#"{"tokenizer_class": "GPT2Tokenizer"}"#);
    write("merges.txt", "#version\na b c\n");
    let error = Tokenizer::from_folder(folder.path(), None, None).unwrap_err();
    assert!(format!("{error:?}").contains("line 2 is no merge"), "{error:?}");
    // Damaged older files do not matter beside a whole tokenizer.
    fs::copy(fixture("tiny_llama/tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    assert!(Tokenizer::from_folder(folder.path(), None, None).is_ok());
}

#[test]
fn gpt2_gives_the_ids_that_are_known() {
    let Some(folder) =
        fetched("TOOLFORMER_GPT2_MERGES", "gpt2-tokenizer/merges.txt", "gpt2-vocab` and `gpt2-merges")
    else {
        return;
    };
    let tokenizer = Tokenizer::from_folder(folder.parent().unwrap(), None, None).unwrap();
    assert_eq!(tokenizer.encode("The elf queen").unwrap(), [464, 23878, 16599]);
    assert_eq!(tokenizer.vocab_size(), 50_257);
    assert_eq!(tokenizer.encode("<|endoftext|>").unwrap(), [50_256]);
    TEXTS.iter().for_each(|text| round_trip(&tokenizer, text));
}

/// A folder of the tiny tokenizer in one of the two forms, with further files.
fn tiny_folder(kind: &str, files: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let text = fs::read_to_string(fixture("tiny_llama/tokenizer.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    if kind == "whole" {
        write("tokenizer.json", &text);
    } else {
        write("vocab.json", &whole["model"]["vocab"].to_string());
        let merges = whole["model"]["merges"].as_array().unwrap().iter();
        let merges =
            merges.map(|pair| format!("{} {}\n", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
        write("merges.txt", &format!("#version: 0.2\n{}", merges.collect::<String>()));
    }
    files.as_object().unwrap().iter().for_each(|(name, content)| write(name, &content.to_string()));
    folder
}

/// `make_tokenizer_folders.py` asks transformers.
#[test]
fn folders_give_the_ids_of_transformers_whatever_they_set() {
    let text = fs::read_to_string(fixture("tokenizer_folders.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    for case in cases {
        let folder = tiny_folder(case["kind"].as_str().unwrap(), &case["files"]);
        let tokenizer = Tokenizer::from_folder(folder.path(), None, None).unwrap();
        let saved = tempfile::tempdir().unwrap();
        tokenizer.save(saved.path().join("tokenizer.json")).unwrap();
        let config = tokenizer.tokenizer_config_json().to_string();
        fs::write(saved.path().join("tokenizer_config.json"), config).unwrap();
        let again = Tokenizer::from_folder(saved.path(), None, None).unwrap();
        for (text, ids) in case["ids"].as_object().unwrap() {
            let ids: Vec<u32> = serde_json::from_value(ids.clone()).unwrap();
            assert_eq!(tokenizer.encode_with_special(text).unwrap(), ids, "{text:?}: {}", case["files"]);
            assert_eq!(again.encode_with_special(text).unwrap(), ids, "saved, {text:?}: {}", case["files"]);
        }
    }
}

#[test]
fn added_tokens_that_cannot_have_their_ids_are_named() {
    let config = json!({ "added_tokens_decoder": { "300": { "content": "<t>" } } });
    for kind in ["vocab", "whole"] {
        let folder = tiny_folder(kind, &json!({ "tokenizer_config.json": config }));
        let error = Tokenizer::from_folder(folder.path(), None, None).unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("`<t>` is listed with id 300, but the next free one is 267"), "{error}");
    }
}

#[test]
fn roles_of_tokens_that_the_vocabulary_lacks() {
    let files = json!({ "tokenizer_config.json": { "pad_token": "<pad>", "eos_token": "<|im_start|>" } });
    let folder = tiny_folder("vocab", &files);
    let tokenizer = Tokenizer::from_folder(folder.path(), None, None).unwrap();
    assert_eq!((tokenizer.pad(), tokenizer.eos(), tokenizer.vocab_size()), (Some(267), Some(1), 268));
    let ids = tokenizer.encode("a<pad>").unwrap();
    let error = crate::check_ids(&ids, 267, Some(&tokenizer)).unwrap_err().to_string();
    assert!(error.contains("no token 267, `<pad>`"), "{error}");
    // A token that ends a text must be there.
    let folder = tiny_folder("vocab", &json!({ "tokenizer_config.json": { "eos_token": "</s>" } }));
    let error = format!("{:?}", Tokenizer::from_folder(folder.path(), None, None).unwrap_err());
    assert!(error.contains("`eos_token` is `</s>`"), "{error}");
}

/// `make_chat_templates.py` asks transformers.
#[test]
fn conversations_are_those_of_transformers() {
    let json: Value =
        serde_json::from_str(&fs::read_to_string(fixture("chat_templates.json")).unwrap()).unwrap();
    let text = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let turns = json["messages"].as_array().unwrap().iter();
    let turns: Vec<_> =
        turns.map(|turn| ChatMessage::new(text(turn, "role"), text(turn, "content"))).collect();
    for case in json["cases"].as_array().unwrap() {
        let template = text(case, "template");
        let options = ChatOptions {
            add_generation_prompt: false,
            variables: serde_json::from_value(case["variables"].clone()).unwrap(),
            now: Some(jiff::civil::date(2024, 7, 6).at(9, 5, 3, 0)),
        };
        let tokenizer = Tokenizer { chat_templates: ChatTemplates::One(template.clone()), ..tiny() };
        assert_eq!(
            tokenizer.apply_chat_template(&turns, &options).unwrap(),
            text(case, "text"),
            "{template}"
        );
    }
}

/// As Llama 3.2's template.
#[test]
fn without_a_date_the_template_has_its_own() {
    let template =
        "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}";
    let tokenizer = Tokenizer { chat_templates: ChatTemplates::One(template.to_owned()), ..tiny() };
    assert_eq!(tokenizer.apply_chat_template(&[], &ChatOptions::default()).unwrap(), "26 Jul 2024");
    let now = Some(jiff::civil::date(2024, 7, 6).into());
    let options = ChatOptions { now, ..ChatOptions::default() };
    assert_eq!(tokenizer.apply_chat_template(&[], &options).unwrap(), "06 Jul 2024");
}

#[test]
fn a_template_is_chosen_by_name() {
    let named =
        json!([{ "name": "default", "template": "d" }, { "name": "tool_use", "template": "t{{ tools }}" }]);
    let folder = tiny_folder("whole", &json!({ "tokenizer_config.json": { "chat_template": named } }));
    let tokenizer = Tokenizer::from_folder(folder.path(), None, None).unwrap();
    let mut options = ChatOptions::default();
    assert_eq!(tokenizer.apply_chat_template(&[], &options).unwrap(), "d");
    options.variables.insert("tools".to_owned(), json!([1]));
    assert_eq!(tokenizer.apply_chat_template(&[], &options).unwrap(), "t[1]");
    assert_eq!(tokenizer.tokenizer_config_json()["chat_template"], named);
}
