//! Reward models by the program: trained, measured, asked for scores.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer, toolformer_reading};

/// Answers with a cat are better; each question twice.
fn pairs() -> String {
    let row = |n: usize| {
        let (chosen, rejected) = (format!("{n} the cat"), format!("{n} 12 {n} "));
        format!("{}\n", json!({"question": (n / 2).to_string(), "chosen": chosen, "rejected": rejected}))
    };
    (0..20).map(row).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_reward_model_is_trained_measured_and_asked() {
    let folder = Folder::new();
    let (model, pairs, out) =
        (fixture("tiny_llama"), folder.file("pairs.jsonl", pairs()), folder.path("reward"));
    let train = [
        "reward",
        "train",
        "--model",
        &model,
        "--pairs",
        &pairs,
        "--out",
        &out,
        "--template",
        "plain",
        "--held-out",
        "0.2",
        "--batch",
        "4",
        "--epochs",
        "20",
        "--learning-rate",
        "0.02",
        "--lora-rank",
        "2",
        "--centre",
        "0.01",
        "--json",
    ];
    let done = json(&toolformer(&train).ok().out);
    // Two of ten questions are held out, with both of their pairs.
    assert_eq!((&done["pairs"], &done["held_out"], &done["steps"]), (&json!(16), &json!(4), &json!(80)));
    assert_eq!(done["best"]["accuracy"], json!(1.0));
    let metrics = lines(&folder.read("reward/metrics.jsonl"));
    assert_eq!(metrics.iter().filter(|metric| metric["held_out_loss"].is_number()).count(), 20);
    // Again, there is nothing left to do, and other settings are another run.
    assert_eq!(json(&toolformer(&train).ok().out)["best"], done["best"]);
    toolformer(&[&train[..], &["--centre", "0.5"]].concat()[..]).fails(2, "cannot be used multiple times");
    let other: Vec<&str> = train.iter().map(|&arg| if arg == "0.01" { "0.5" } else { arg }).collect();
    toolformer(&other).fails(1, "other settings or inputs");

    let reward = folder.path("reward/model");
    assert!(folder.read("reward/model/conversation_template.json").contains("{assistant}"));
    let found =
        json(&toolformer(&["reward", "eval", "--model", &reward, "--pairs", &pairs, "--json"]).ok().out);
    assert_eq!(
        (&found["n"], &found["questions"], &found["accuracy"]["value"]),
        (&json!(20), &json!(10), &json!(1.0))
    );
    // Ten of the answers with a cat are longer.
    let longer = pairs_longer();
    assert_eq!(found["longer"]["value"].as_f64(), Some(longer));
    assert_eq!(found["shorter"]["value"].as_f64(), Some(1.0 - longer));
    let table = toolformer(&["reward", "eval", "--model", &reward, "--pairs", &pairs]).ok().out;
    assert!(table.contains("prefers the better           100.0 %"), "{table}");

    let answers = "{\"id\": \"a\", \"question\": \"3\", \"answer\": \"7 the cat\"}\n{\"question\": \"3\", \"answer\": \"7 12 7\"}\n\
                   {\"text\": \"3\\n7 the cat\"}\n";
    let scored = toolformer_reading(answers, &["reward", "score", "--model", &reward, "--texts", "-"]).ok();
    let scored = lines(&scored.out);
    let score = |n: usize| scored[n]["score"].as_f64().unwrap();
    assert_eq!((&scored[0]["id"], &scored[1]["id"]), (&json!("a"), &json!(1)));
    assert!(score(0) > score(1), "{scored:?}");
    // The template is the one of the training: the text that it makes has the same score.
    assert!((score(0) - score(2)).abs() < 1e-6, "{scored:?}");
    let text = toolformer(&["reward", "score", "--model", &reward, "--text", "3\n7 the cat"]).ok();
    assert!((lines(&text.out)[0]["score"].as_f64().unwrap() - score(0)).abs() < 1e-6);
    let long = toolformer(&["reward", "score", "--model", &reward, "--text", &"12 ".repeat(90)]).ok();
    assert_eq!(lines(&long.out)[0]["score"], Value::Null);
    assert!(long.err.contains("1 texts are empty or longer than 64 tokens"), "{}", long.err);
    let table = folder.file("answers.csv", "question,answer\n3,7 the cat\n3,7 12 7\n");
    let of_table = toolformer(&["reward", "score", "--model", &reward, "--texts", &table]).ok();
    let of_table: Vec<Value> = lines(&of_table.out).iter().map(|row| row["score"].clone()).collect();
    assert_eq!(of_table, [&scored[0], &scored[1]].map(|row| row["score"].clone()));
    let other = folder.file("other.jsonl", "{\"text\": \"3\"}\n{\"what\": \"3\"}\n");
    toolformer(&["reward", "score", "--model", &reward, "--texts", &other])
        .fails(1, "other.jsonl cannot be scored");
    toolformer(&["score", "--model", &reward, "--text", "3"]).fails(1, "is a classifier");
    toolformer(&["reward", "score", "--model", &model, "--text", "3"])
        .fails(1, "is no reward model or classifier");
    toolformer(&["reward", "score", "--model", &model, "--text", "3"]).fails(1, "score.weight");
}

#[test]
fn pairs_come_from_several_files_and_splits_and_an_adapter_is_trained_on() {
    let folder = Folder::new();
    let pairs = pairs();
    let lines: Vec<&str> = pairs.lines().collect();
    folder.file("set/train-1.jsonl", lines[..6].join("\n"));
    folder.file("set/train-2.jsonl", lines[6..12].join("\n"));
    folder.file("set/validation.jsonl", lines[12..16].join("\n"));
    folder.file("set/test.jsonl", lines[16..].join("\n"));
    let more = folder.file("more.csv", "question,chosen,rejected\n8,8 the cat,8 12\n9,9 the cat,9 12\n");
    let (model, set, adapter) = (fixture("tiny_llama"), folder.path("set"), folder.path("a/adapter"));
    let train = |out: &str, more: &[&str]| {
        let out = folder.path(out);
        let args =
            ["reward", "train", "--model", &model, "--pairs", &set, "--out", &out, "--template", "plain"];
        let all = [&args[..], &["--batch", "4", "--epochs", "4", "--learning-rate", "0.02", "--json"], more];
        toolformer(&all.concat())
    };
    let first = json(&train("a", &["--lora-rank", "2", "--split", "train[:10]"]).ok().out);
    assert_eq!((&first["pairs"], &first["held_out"]), (&json!(10), &json!(4)));
    let both = ["--pairs", &more, "--from-adapter", &adapter, "--max-eval-samples", "2"];
    let second = json(&train("b", &both).ok().out);
    assert_eq!((&second["pairs"], &second["held_out"]), (&json!(14), &json!(2)));
    // It goes on from where the first ended.
    assert!(second["loss_first"].as_f64() < first["loss_first"].as_f64().map(|loss| loss - 0.05), "{second}");
    // The template goes with the adapter; --template says another.
    assert_eq!(
        folder.read("a/adapter/conversation_template.json"),
        folder.read("b/adapter/conversation_template.json")
    );
    // A table's cells are texts, its margins too; errors name their own file.
    let table = folder
        .file("margins.csv", "question,chosen,rejected,margin\n8,8 the cat,8 12,0.5\n,9 the cat,9 12,\n");
    let third = json(&train("d", &["--pairs", &table, "--held-out-pairs", &set]).ok().out);
    assert_eq!((&third["pairs"], &third["held_out"]), (&json!(14), &json!(4)));
    let broken = folder.file("broken.csv", "question,chosen,other\n8,8 the cat,8 12\n");
    train("e", &["--pairs", &broken]).fails(1, "the 1. row of");
    train("f", &["--held-out", "0", "--split", "train+validation", "--patience", "1"]).fails(2, "nothing is");
    train("g", &["--from-run", &set, "--texts", &set]).fails(2, "cannot be used with");
    train("c", &["--from-adapter", &adapter, "--lora-rank", "2"]).fails(2, "cannot be used with");
    let reward = folder.path("b/model");
    let found =
        json(&toolformer(&["reward", "eval", "--model", &reward, "--pairs", &set, "--json"]).ok().out);
    assert_eq!(found["n"], json!(4));
    toolformer(&["classify", "predict", "--model", &reward, "--text", "x"]).fails(2, "is a reward model");
}

/// What transformers gives for a text.
const SCRIPT: &str = "\
import sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
ids = AutoTokenizer.from_pretrained(sys.argv[1])(sys.argv[2], return_tensors='pt').input_ids
print(model(input_ids=ids).logits.shape[1], model(input_ids=ids).logits[0, 0].item())";

#[test]
fn transformers_gives_the_same_scores() {
    let Some(python) = std::env::var_os("TOOLFORMER_PYTHON") else {
        // Not by eprintln!, which the test harness keeps to itself.
        let notice = b"\nSKIPPED: TOOLFORMER_PYTHON names no Python with transformers\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice);
        return;
    };
    for method in [&["--lora-rank", "2"][..], &["--full"]] {
        let folder = Folder::new();
        let (model, pairs, out) =
            (fixture("tiny_llama"), folder.file("pairs.jsonl", pairs()), folder.path("reward"));
        let train =
            ["reward", "train", "--model", &model, "--pairs", &pairs, "--out", &out, "--template", "plain"];
        toolformer(&[&train[..], &["--learning-rate", "0.02", "--batch", "4"], method].concat()).ok();
        let reward = folder.path("reward/model");
        let text = "3\n7 the cat";
        let own = toolformer(&["reward", "score", "--model", &reward, "--text", text]).ok();
        let own = lines(&own.out)[0]["score"].as_f64().unwrap();
        let output =
            std::process::Command::new(&python).args(["-c", SCRIPT, &reward, text]).output().unwrap();
        let [out, err] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let (labels, score) = out.trim().split_once(' ').unwrap_or_else(|| panic!("{err}"));
        assert_eq!(labels, "1");
        let score: f64 = score.parse().unwrap();
        assert!((own - score).abs() < 1e-4, "{own} {score}");
        println!("{method:?}: {own} here, {score} in transformers");
    }
}

/// How often the answer with a cat is the longer one.
fn pairs_longer() -> f64 {
    let len = |text: &Value| text.as_str().unwrap().chars().count();
    let rows = lines(&pairs());
    let longer = |row: &&Value| len(&row["chosen"]) > len(&row["rejected"]);
    let equal = |row: &&Value| len(&row["chosen"]) == len(&row["rejected"]);
    let count = rows.iter().filter(longer).count() as f64 + 0.5 * rows.iter().filter(equal).count() as f64;
    count / rows.len() as f64
}

#[test]
fn what_cannot_be_is_told() {
    let folder = Folder::new();
    let (model, out) = (fixture("tiny_llama"), folder.path("out"));
    let pairs = folder.file("pairs.jsonl", pairs());
    let train = |more: &[&str]| {
        let args = ["reward", "train", "--model", &model, "--pairs", &pairs, "--out", &out];
        toolformer(&[&args[..], more].concat())
    };
    train(&["--template", "alpaca"]).fails(2, "there are chat, chatml, llama-2, llama-3, plain, vicuna");
    train(&["--held-out", "1"]).fails(2, "--held-out is a part");
    train(&["--mask-responses"]).fails(2, "for texts with calls");
    train(&["--template", "plain", "--centre=-1"]).fails(2, "centre");
    train(&["--template", "vicuna"]).fails(1, "there is no pair that fits");
    let templates = folder.file("t.toml", "[mine]\nuser = 'Q {usr} '\nassistant = 'A {assistant}'\n");
    train(&["--template", "mine", "--templates-file", &templates]).fails(1, "line 1, `mine.user`");
    let rows = folder.file("rows.jsonl", "{\"question\": \"q\", \"chosen\": \"a\"}\n");
    toolformer(&["reward", "train", "--model", &model, "--pairs", &rows, "--out", &out]).fails(1, "rejected");
}

/// From the verdicts of a run to a model that leaves calls out before they are run.
#[test]
fn a_runs_verdicts_make_a_screen() {
    let (folder, model) = (Folder::new(), fixture("calling_llama"));
    let texts: String = (0..12).map(|i| format!("{{\"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
    let texts = folder.file("texts.jsonl", texts);
    let prompt = folder.file("prompt.txt", "Q {text} A ");
    let annotate = |out: &str, more: &[&str]| {
        let out = folder.path(out);
        let args = [
            "annotate",
            "--model",
            &model,
            "--tools",
            "calculator",
            "--texts",
            &texts,
            "--prompt-file",
            &prompt,
            "--out",
            &out,
            "--k",
            "2",
            "--m",
            "4",
            "--max-call-tokens",
            "24",
        ];
        toolformer(&[&args[..], more].concat()).ok();
        lines(&std::fs::read_to_string(&out).unwrap())
    };
    let plain = annotate("plain.jsonl", &[]);
    // As if a filter had kept some of what ran.
    std::fs::create_dir(folder.path("run")).unwrap();
    let judged = plain.iter().map(|candidate| {
        let mut candidate = candidate.clone();
        let long = candidate["call"].as_str().unwrap().len() % 2 == 0;
        candidate["kept"] = json!(candidate["status"] == "ok" && long);
        format!("{candidate}\n")
    });
    folder.file("run/candidates.jsonl", judged.collect::<String>());
    let out = folder.path("screen");
    let train = [
        "reward",
        "train",
        "--model",
        &model,
        "--from-run",
        &folder.path("run"),
        "--texts",
        &texts,
        "--out",
        &out,
        "--held-out",
        "0.2",
        "--batch",
        "4",
        "--epochs",
        "2",
        "--json",
    ];
    let done = json(&toolformer(&train).ok().out);
    assert!(done["pairs"].as_u64() > Some(4), "{done}");
    let screen = folder.path("screen/model");
    let count = |rows: &[Value], status: &str| rows.iter().filter(|row| row["status"] == status).count();
    // Everything passes, or nothing does: what would be run has another fate, and the rest the same one.
    let scored = |out: &str, more: &[&str]| {
        let mut rows = annotate(out, &[&["--screen", &screen, "--screen-score=-1e9"], more].concat());
        let scores: Vec<Option<f64>> =
            rows.iter_mut().map(|row| row.as_object_mut()?.remove("screen_score")?.as_f64()).collect();
        (rows, scores)
    };
    let (all, scores) = scored("all.jsonl", &[]);
    assert_eq!(all, plain);
    // What was to be run has a score, whatever went through the reward model with it.
    let to_run = ["ok", "bad_arguments", "tool_error", "no_result"];
    for (row, score) in all.iter().zip(&scores) {
        assert_eq!(score.is_some(), to_run.contains(&row["status"].as_str().unwrap()), "{row}");
    }
    let (_, alone) = scored("alone.jsonl", &["--unit-texts", "1"]);
    for (score, alone) in scores.iter().flatten().zip(alone.iter().flatten()) {
        assert!((score - alone).abs() < 1e-4, "{score} {alone}");
    }
    let none = annotate("none.jsonl", &["--screen", &screen, "--screen-score", "1e9"]);
    assert!(count(&plain, "ok") > 0 && count(&none, "ok") == 0 && count(&none, "screened") > 0);
    assert_eq!(count(&none, "duplicate"), count(&plain, "duplicate"));
    assert!(none.iter().all(|row| row["status"] != "screened" || row["result"].is_null()));
}
