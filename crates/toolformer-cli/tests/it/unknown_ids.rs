//! A model folder whose tokenizer has a token more than the model has rows, as Gemma 3's.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, toolformer};

const TOKEN: &str = "<image_soft_token>";

/// A copy of a fixture with the token, whose id is the first that the model has not.
fn larger() -> Folder {
    let folder = Folder::new();
    for name in ["config.json", "model.safetensors", "tokenizer_config.json", "tokenizer.json"] {
        std::fs::copy(fixture(&format!("calling_llama/{name}")), folder.path(name)).unwrap();
    }
    let mut tokenizer: Value = serde_json::from_str(&folder.read("tokenizer.json")).unwrap();
    tokenizer["added_tokens"].as_array_mut().unwrap().push(json!({
        "id": 267, "content": TOKEN, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
    }));
    folder.file("tokenizer.json", tokenizer.to_string());
    folder
}

#[test]
fn only_texts_that_use_the_token_are_refused() {
    let folder = larger();
    let (model, said) = (folder.path(""), "the model has no token 267, `<image_soft_token>`");
    let run = |args: &[&str]| toolformer(&[args, &["--model", &model]].concat());
    run(&["generate", "--prompt", "the cat", "--max-tokens", "4"]).ok();
    run(&["generate", "--prompt", &format!("the {TOKEN}"), "--max-tokens", "4"]).fails(1, said);
    run(&["score", "--text", "the cat"]).ok();
    run(&["score", "--text", TOKEN]).fails(2, said);
    let good = folder.file("good.jsonl", "{\"text\": \"the cat\"}\n");
    let bad = folder.file("bad.jsonl", format!("{{\"text\": \"the cat\"}}\n{{\"text\": \"a {TOKEN}\"}}\n"));
    let [out, tuned] = ["out", "tuned"].map(|name| folder.path(name));
    let prompt = folder.file("prompt.txt", "Q {text} A ");
    let annotate = ["annotate", "--tools", "calculator", "--prompt-file", &prompt, "--out", &out, "--texts"];
    run(&[&annotate[..], &[&bad]].concat()).fails(1, said);
    run(&["finetune", "--out", &tuned, "--data", &bad]).fails(1, said);
    run(&["finetune", "--out", &tuned, "--data", &good, "--held-out", &bad]).fails(1, said);
}
