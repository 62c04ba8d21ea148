//! Models from scratch by the program.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer};

const PALM: &str = r#"{"model_type": "palm", "dim": 32, "num_tokens": 267, "depth": 2, "heads": 4, "dim_head": 8, "ff_mult": 2}"#;

/// Documents that say a number twice, which a trigram of bytes cannot know.
fn documents(count: usize) -> String {
    let row = |n: usize| json!({ "text": format!("{n:03} cats are {n:03} cats, the cat said.") }).to_string();
    (0..count).map(|n| row(n * 37 % 1000) + "\n").collect()
}

fn parse(out: &str) -> Value {
    serde_json::from_str(out).unwrap()
}

#[test]
fn a_palm_from_scratch_is_trained_measured_and_continues_a_text() {
    let folder = Folder::new();
    let (config_file, texts) = (folder.file("palm.json", PALM), folder.file("texts.jsonl", documents(200)));
    let (tokenizer, out) = (fixture("tiny_llama"), folder.path("run"));
    let args = |out: &str| {
        let args = [
            "pretrain",
            "--config",
            &config_file,
            "--tokenizer",
            &tokenizer,
            "--texts",
            &texts,
            "--out",
            out,
        ];
        let more =
            ["--block-size", "32", "--batch", "4", "--epochs", "2", "--learning-rate", "0.01", "--json"];
        let more = more.into_iter().chain(["--sample", "the cat", "--seed", "3", "--tensorboard"]);
        toolformer(&args.into_iter().chain(more).collect::<Vec<_>>()).ok()
    };
    let mut done = parse(&args(&out).out);
    assert_eq!((&done["documents"], done["held_out"]["tokens"].as_u64() > Some(100)), (&json!(190), true));
    let (loss, trigram) = (&done["held_out"]["loss"], &done["held_out"]["trigram_loss"]);
    // Of 267 ids, at random 5.6 nats.
    assert!(loss.as_f64().unwrap() < 2.5 && trigram.as_f64().unwrap() < 2.5, "{loss} {trigram}");
    let sample = done["samples"][0].as_str().unwrap();
    assert!(sample.starts_with("the cat") && sample.len() > "the cat".len(), "{sample}");

    let metrics = lines(&folder.read("run/metrics.jsonl"));
    assert_eq!(
        metrics.iter().filter(|line| line["loss"].is_number()).count() as u64,
        done["steps"].as_u64().unwrap()
    );
    assert!(folder.read("run/training.html").contains("<svg"));
    assert_eq!(std::fs::read_dir(folder.path("run/tensorboard")).unwrap().count(), 1);
    let config: Value = parse(&folder.read("run/model/config.json"));
    assert_eq!(config["dim"], 32);

    // The same again is what is there; elsewhere, the same numbers.
    let mut again = parse(&args(&out).out);
    let mut elsewhere = parse(&args(&folder.path("other")).out);
    for done in [&mut done, &mut again, &mut elsewhere] {
        done.as_object_mut().unwrap().remove("seconds");
    }
    assert_eq!((&again, &elsewhere), (&done, &done));

    // The last weights have their own measure, also where they are not the best.
    let last = folder.path("last");
    let args =
        ["pretrain", "--config", &config_file, "--tokenizer", &tokenizer, "--texts", &texts, "--out", &last];
    let worse =
        ["--block-size", "32", "--batch", "4", "--epochs", "2", "--learning-rate", "3", "--keep", "last"];
    let done = parse(&toolformer(&[&args[..], &worse, &["--json"]].concat()).ok().out);
    let measured: Vec<f64> = lines(&folder.read("last/metrics.jsonl"))
        .iter()
        .filter_map(|line| line["perplexity"].as_f64())
        .collect();
    let found = done["held_out"]["perplexity"].as_f64().unwrap();
    assert!((found / measured.last().unwrap() - 1.0).abs() < 1e-9, "{found} {measured:?}");

    // What was saved is a model as any other.
    let model = folder.path("run/model");
    let said = toolformer(&["generate", "--model", &model, "--prompt", "the cat", "--max-tokens", "4"]).ok();
    assert!(!said.out.trim().is_empty());
}

#[test]
fn what_cannot_be_trained_is_said() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", documents(40));
    let small = folder.file("small.json", PALM.replace("267", "100"));
    let config = folder.file("palm.json", PALM);
    let run = |config: &str, more: &[&str]| {
        let tokenizer = fixture("tiny_llama");
        let out = folder.path("run");
        let args =
            ["pretrain", "--config", config, "--tokenizer", &tokenizer, "--texts", &texts, "--out", &out];
        toolformer(&[&args[..], more].concat())
    };
    run(&small, &[]).fails(2, "set its vocab_size to 267 or more");
    run(&config, &["--column", "body"]).fails(1, "name the one that holds the texts by --column");
    run(&config, &["--block-size", "4000"]).fails(2, "longer than the 2048 tokens that the model of");
    run(&config, &["--max-seq", "16"]).fails(2, "here all are blocks of --block-size");
    run(&config, &["--resume", "--block-size", "16"]).fails(1, "leave out --resume to begin");
}
