//! The real SmolLM2-135M-Instruct; skipped, loudly, where it has not been fetched.

use serde_json::Value;

use crate::{
    fetched::fetched,
    program::{Folder, fixture, toolformer},
};

#[track_caller]
fn close(found: &Value, expected: &Value) {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() < 2e-3, "{found} is not {expected}")
        }
        _ => assert_eq!(found, expected),
    }
}

/// The model's file, where there is one.
fn model() -> Option<String> {
    let path = fetched("TOOLFORMER_SMOLLM2", "SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2")?;
    Some(path.into_os_string().into_string().unwrap())
}

#[test]
fn questions_are_answered_from_an_index() {
    let Some(model) = model() else { return };
    let (folder, article) = (
        Folder::new(),
        r#"{"title":"Mount Uhlan","text":"Mount Uhlan was first climbed by Ines Varga in 1931."}"#,
    );
    let index = folder.path("index");
    toolformer(&["index", "build", &folder.file("wiki.jsonl", article), "--out", &index]).ok();
    let given = ["--tools", "qa", "--wiki-index", &index, "--qa-with", &model];
    let ran =
        toolformer(&[&["tools", "call", "QA", "Who first climbed Mount Uhlan?"][..], &given].concat()).ok();
    assert_eq!(ran.out, "Ines Varga\n");
}

#[test]
fn scores_are_the_references() {
    let Some(model) = model() else { return };
    let golden: Value =
        serde_json::from_str(&std::fs::read_to_string(fixture("smollm2.json")).unwrap()).unwrap();
    let case = &golden["cases"][0];
    let args = ["score", "--model", &model, "--text", case["text"].as_str().unwrap(), "--top", "5", "--json"];
    let found: Value = serde_json::from_str(&toolformer(&args).ok().out).unwrap();
    assert_eq!(found["ids"], case["ids"]);
    let pairs = |a: &Value, b: &Value| a.as_array().unwrap().len() == b.as_array().unwrap().len();
    assert!(pairs(&found["logprobs"], &case["logprobs"]));
    for (found, expected) in
        found["logprobs"].as_array().unwrap().iter().zip(case["logprobs"].as_array().unwrap())
    {
        close(found, expected);
    }
    let top = found["top"].as_array().unwrap();
    assert_eq!(top.len(), case["ids"].as_array().unwrap().len());
    for (found, expected) in
        top[top.len() - 1].as_array().unwrap().iter().zip(case["next_top5"].as_array().unwrap())
    {
        assert_eq!(found[0], expected[0]);
        close(&found[1], &expected[1]);
    }
}
