//! Classifiers by the program.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer};

#[test]
fn a_classifier_is_trained_measured_and_asked() {
    let folder = Folder::new();
    let row = |n: usize| {
        let (animal, label) = if n.is_multiple_of(3) { ("cat", "yes") } else { ("dog", "no") };
        format!("{n};the {animal};{label}\n")
    };
    let rows: String = (0..30).map(row).collect();
    let csv = format!("n,what,kind\n{}", rows.replace(';', ","));
    let (model, data, out) = (fixture("tiny_llama"), folder.file("rows.csv", csv), folder.path("tuned"));
    let fields = ["--first-field", "n", "--second-field", "what", "--label-field", "kind"];
    let train = [
        "classify",
        "train",
        "--model",
        &model,
        "--data",
        &data,
        "--out",
        &out,
        "--held-out",
        "0.2",
        "--batch",
        "4",
        "--epochs",
        "25",
        "--learning-rate",
        "0.02",
        "--lora-rank",
        "4",
        "--json",
    ];
    let done: Value = serde_json::from_str(&toolformer(&[&train[..], &fields].concat()).ok().out).unwrap();
    assert_eq!((&done["texts"], &done["held_out"]), (&json!(24), &json!(6)));
    assert_eq!(done["labels"], json!(["no", "yes"]));
    assert!(done["best"]["f1"].is_number(), "{done}");

    // Rows of several sets, some of them held out by their name.
    folder.file("set/train.csv", format!("n,what,kind\n{}", "1,the cat,yes\n2,the dog,no\n".repeat(4)));
    folder.file("set/validation.csv", "n,what,kind\n3,the cat,yes\n");
    let (set, other) = (folder.path("set"), folder.path("other"));
    let sets = ["classify", "train", "--model", &model, "--data", &data, "--data", &set, "--split", "train"];
    let more = ["--out", &other, "--batch", "16", "--epochs", "1", "--json"];
    let done: Value =
        serde_json::from_str(&toolformer(&[&sets[..], &more, &fields].concat()).ok().out).unwrap();
    assert_eq!((&done["texts"], &done["held_out"]), (&json!(38), &json!(1)));

    let (adapter, more) = (folder.path("tuned/adapter"), folder.path("more"));
    let sets = ["classify", "train", "--model", &model, "--data", &data, "--out", &more, "--epochs", "1"];
    toolformer(&[&sets[..], &["--from-adapter", &adapter, "--batch", "24"], &fields].concat()).ok();
    let other = folder.file("other.csv", "n,what,kind\n1,the cat,maybe\n2,the dog,no\n");
    let sets = ["classify", "train", "--model", &model, "--data", &other, "--out", &more];
    toolformer(&[&sets[..], &["--from-adapter", &adapter], &fields].concat())
        .fails(2, "has the labels no, yes, and the rows have maybe, no");

    let tuned = folder.path("tuned/model");
    let eval = ["classify", "eval", "--model", &tuned, "--data", &data, "--json"];
    let found: Value = serde_json::from_str(&toolformer(&[&eval[..], &fields].concat()).ok().out).unwrap();
    assert_eq!((found["n"].as_u64(), found["majority"].as_f64()), (Some(30), Some(2.0 / 3.0)));
    assert!(found["accuracy"]["value"].as_f64() > Some(0.9), "{found}");
    toolformer(&eval).fails(1, "has no `sentence1`");

    let predict = ["classify", "predict", "--model", &tuned, "--data", &data];
    let said = lines(&toolformer(&[&predict[..], &fields].concat()).ok().out);
    assert_eq!(said.len(), 30);
    let right = said
        .iter()
        .enumerate()
        .filter(|(n, said)| said["label"] == if n.is_multiple_of(3) { "yes" } else { "no" });
    assert_eq!(right.count() as f64 / 30.0, found["accuracy"]["value"].as_f64().unwrap());
    let one =
        lines(&toolformer(&["classify", "predict", "--model", &tuned, "--text", "4\nthe dog"]).ok().out);
    assert_eq!(one[0]["label"], "no");
    let sum: f64 = one[0]["probabilities"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-6);
    toolformer(&["reward", "score", "--model", &tuned, "--text", "x"]).fails(2, "a classifier with 2 labels");
}
