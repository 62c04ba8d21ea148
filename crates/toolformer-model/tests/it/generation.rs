//! What a folder says about decoding and about its tokenizer is there again when the model is saved.

use std::{fs, path::Path};

use serde_json::{Value, json};
use toolformer_model::{Pretrained, SaveOptions, save_pretrained_as};

use crate::reference::{B, fixture};

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// A copy of a fixture with another `generation_config.json` and further fields in `tokenizer_config.json`, saved.
fn saved(generation: Option<Value>, tokenizer: Value) -> (Pretrained<B>, tempfile::TempDir) {
    let [source, target] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(fixture("calling_llama").join(name), source.path().join(name)).unwrap();
    }
    if let Some(generation) = generation {
        fs::write(source.path().join("generation_config.json"), generation.to_string()).unwrap();
    }
    let mut config = read(source.path(), "tokenizer_config.json");
    for (field, value) in tokenizer.as_object().unwrap() {
        config[field] = value.clone();
    }
    fs::write(source.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    let opened = Pretrained::<B>::open(source.path(), &Default::default()).unwrap();
    let options = SaveOptions { generation: opened.generation.clone(), ..Default::default() };
    let Pretrained { model, config, tokenizer, .. } = &opened;
    save_pretrained_as(target.path(), model, config, Some(tokenizer), &options).unwrap();
    (opened, target)
}

#[test]
fn generation_config_is_kept() {
    let fields = json!({
        "temperature": 0.6, "top_p": 0.9, "do_sample": true, "pad_token_id": 3, "eos_token_id": [1, 2],
        "transformers_version": "4.40.0", "suppress_tokens": [], "max_length": null,
    });
    let (opened, folder) = saved(Some(fields.clone()), json!({}));
    let again = read(folder.path(), "generation_config.json");
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(&again[field], value, "{field}");
    }
    assert_eq!(again["bos_token_id"], json!(opened.config.bos()));
    assert!([1, 2].into_iter().all(|id| opened.tokenizer.is_end(id)), "both end a text");
}

#[test]
fn without_one_the_ids_are_written() {
    let (opened, folder) = saved(None, json!({}));
    let [eos] = opened.config.eos() else { panic!("{:?}", opened.config) };
    let ids = json!({ "bos_token_id": opened.config.bos(), "eos_token_id": eos });
    assert_eq!(read(folder.path(), "generation_config.json"), ids);
    let (_, folder) = saved(Some(json!({ "eos_token_id": [] })), json!({}));
    assert_eq!(read(folder.path(), "generation_config.json"), ids);
}

#[test]
fn fields_of_the_tokenizer_are_kept() {
    let fields = json!({
        "model_max_length": 2048, "padding_side": "left", "truncation_side": "left", "model_input_names": ["input_ids"],
        "additional_special_tokens": ["<a>", {"content": "<b>"}], "clean_up_tokenization_spaces": true,
        "chat_template": [{"name": "default", "template": "x"}, {"name": "tool_use", "template": "y"}],
    });
    let (_, folder) = saved(None, fields.clone());
    let again = read(folder.path(), "tokenizer_config.json");
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(&again[field], value, "{field}");
    }
    let (_, folder) =
        saved(None, json!({ "chat_template": "{{ messages }}", "tokenizer_class": "LlamaTokenizer" }));
    let again = read(folder.path(), "tokenizer_config.json");
    assert_eq!(again["chat_template"], "{{ messages }}");
    assert_eq!(again["tokenizer_class"], "PreTrainedTokenizerFast");
}

#[test]
fn a_damaged_generation_config_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("generation_config.json"), "{").unwrap();
    let error = toolformer_model::GenerationConfig::from_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("generation_config.json"), "{error}");
}
