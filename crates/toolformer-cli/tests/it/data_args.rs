//! Which rows `finetune` and `pretrain` take of which sets.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use toolformer::data::{Dataset, Interleave, Row};

use crate::{
    fake_hub::{FakeHub, Files},
    program::{Folder, Ran, command, fixture, toolformer, toolformer_reading},
};

/// JSONL with so many texts.
fn texts(name: &str, rows: usize) -> String {
    (0..rows).map(|row| format!("{}\n", json!({"text": format!("the {name} {row}")}))).collect()
}

/// The arguments of a run of one step.
fn args(folder: &Folder, data: &[&str], more: &[&str]) -> Vec<String> {
    let (model, out) = (fixture("tiny_llama"), folder.path("out"));
    let _ = std::fs::remove_dir_all(&out);
    let mut args = vec!["finetune", "--model", &model, "--out", &out, "--max-steps", "1", "--lora-rank", "1"];
    data.iter().for_each(|data| args.extend(["--data", data]));
    args.extend(["--json"].iter().chain(more));
    args.into_iter().map(str::to_owned).collect()
}

fn finetune(folder: &Folder, data: &[&str], more: &[&str]) -> Ran {
    let args = args(folder, data, more);
    toolformer(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn done(ran: Ran) -> Value {
    serde_json::from_str(&ran.ok().out).unwrap()
}

#[track_caller]
fn check(folder: &Folder, data: &[&str], more: &[&str], examples: usize) {
    assert_eq!(done(finetune(folder, data, more))["examples"], examples, "{data:?} {more:?}");
}

#[test]
fn files_are_named_by_a_pattern_a_folder_or_one_by_one() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("sets")).unwrap();
    let a = folder.file("sets/a.jsonl", texts("cat", 2));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(texts("dog", 3).as_bytes()).unwrap();
    folder.file("sets/b.jsonl.gz", packed.finish().unwrap());
    let plain = folder.file("plain.txt", "the cat\nand so on\n\nthe dog\n");
    check(&folder, &[&folder.path("sets/*.jsonl*")], &[], 5);
    check(&folder, &[&folder.path("sets")], &[], 5);
    check(&folder, &[&a, &plain], &[], 4);
    let args = args(&folder, &["-", &a], &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = toolformer_reading(&texts("cow", 4), &args);
    assert_eq!(done(ran)["examples"], 6);
    finetune(&folder, &["-", "-"], &[]).fails(2, "standard input can be read once");
    finetune(&folder, &["-"], &["--held-out", "-"]).fails(2, "standard input can be read once");
    // The same rows from elsewhere are not tokenised again.
    let (moved, again) =
        (folder.file("moved/a.jsonl", texts("cat", 3)), folder.file("again/b.jsonl", texts("cat", 3)));
    let mut args = self::args(&folder, &[&moved], &[]);
    for data in [&moved, &again] {
        *args.iter_mut().find(|arg| **arg == moved).unwrap() = data.clone();
        toolformer(&args.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    }
    assert_eq!(std::fs::read_dir(folder.path("out/tokens")).unwrap().count(), 1);
    finetune(&folder, &[&folder.path("none/*.csv")], &[]).fails(1, "names no file; check the path");
    let other = folder.file("other.jsonl", "{\"txt\": \"the cat\"}\n");
    finetune(&folder, &[&other], &[])
        .fails(1, "other.jsonl has no column `text`, only txt; name the one that");
    check(&folder, &[&other], &["--column", "txt"], 1);
    let field = folder.file("field.json", "{\"v\": 1, \"rows\": [{\"text\": \"the cat\"}]}");
    check(&folder, &[&field], &["--field", "rows"], 1);
}

#[test]
fn sets_are_mixed_by_ratios() {
    let folder = Folder::new();
    let (a, b) = (folder.file("a.jsonl", texts("cat", 30)), folder.file("b.jsonl", texts("dog", 10)));
    let rows = |rows: usize| (0..rows).map(|_| Row::new()).collect::<Dataset>();
    let mix = Interleave { weights: Some(vec![0.7, 0.3]), ..Interleave::default() };
    let expected = mix.mix(&[rows(30), rows(10)]).unwrap().count().unwrap();
    assert!((11..40).contains(&expected));
    check(&folder, &[&a, &b], &["--mix", "0.7,0.3"], expected);
    let strategy = ["--mix", "0.7,0.3", "--stopping-strategy", "all_exhausted_without_replacement"];
    check(&folder, &[&a, &b], &strategy, 40);
    check(&folder, &[&a, &b], &[], 40);
    finetune(&folder, &[&a, &b], &["--mix", "0.7"])
        .fails(2, "--mix has 1 ratios for 2 sets; give one for each");
    finetune(&folder, &[&a, &b], &["--mix", "1,0"]).fails(2, "leave a set out instead of giving it 0");
}

#[test]
fn parts_of_splits_are_trained_on() {
    let folder = Folder::new();
    let data = folder.file("a.jsonl", texts("cat", 10));
    check(&folder, &[&data], &["--split", "train[:80%]"], 8);
    check(&folder, &[&data], &["--split", "train[2:4]+train[-3:]"], 5);
    check(&folder, &[&data], &["--max-train-samples", "3"], 3);
    finetune(&folder, &[&data], &["--split", "dev"]).fails(2, "there is no split `dev`, only train");
    finetune(&folder, &[&data], &["--split", "train[:x]"]).fails(2, "write `train`, `train[:10%]`");
    finetune(&folder, &[&data], &["--split", "train[10:]"]).fails(1, "none of 0 rows is left to train on");
}

#[test]
fn what_is_held_out_is_measured_on() {
    let folder = Folder::new();
    let data = folder.file("a.jsonl", texts("cat", 10));
    assert_eq!(done(finetune(&folder, &[&data], &[]))["best"], Value::Null);
    let percent = ["--validation-split-percentage", "20"];
    let held_out = done(finetune(&folder, &[&data], &percent));
    assert_eq!(held_out["examples"], 8);
    assert!(held_out["best"]["perplexity"].as_f64().unwrap() > 1.0, "{held_out}");
    std::fs::create_dir(folder.path("sets")).unwrap();
    folder.file("sets/train.jsonl", texts("cat", 4));
    let validation = folder.file("sets/validation.jsonl", texts("dog", 3));
    let sets = folder.path("sets");
    let own = done(finetune(&folder, &[&sets], &percent));
    assert_eq!(own["examples"], 4);
    let given = done(finetune(&folder, &[&sets], &["--held-out", &validation]));
    assert_eq!(own["best"], given["best"], "the split `validation` is what is measured on");
    finetune(&folder, &[&sets], &["--held-out", &folder.file("none.csv", "text\n")])
        .fails(2, "no row to measure on");
    let first = folder.file("first.jsonl", texts("dog", 1));
    let first = done(finetune(&folder, &[&sets], &["--held-out", &first]));
    let limited = done(finetune(&folder, &[&sets], &["--max-eval-samples", "1"]));
    assert_eq!((&limited["best"], limited["best"] == own["best"]), (&first["best"], false));
    let both = done(finetune(&folder, &[&sets], &["--split", "train+validation"]));
    assert_eq!((&both["examples"], &both["best"]), (&json!(7), &Value::Null));
    finetune(&folder, &[&data], &[&percent[..], &["--held-out", &validation]].concat())
        .fails(2, "cannot be used with");
    finetune(&folder, &[&data], &["--validation-split-percentage", "100"]).fails(2, "not between 0 and 100");
}

#[test]
fn completions_come_from_a_table() {
    let folder = Folder::new();
    let csv = folder.file("a.csv", "prompt,completion,note\nthe 2 and 2 is,4,x\n\"the 3, 3 is\",6,\n");
    let pair =
        |prompt: &str, completion: &str| json!({"prompt": prompt, "completion": completion}).to_string();
    let jsonl = format!("{}\n{}\n", pair("the 2 and 2 is", "4"), pair("the 3, 3 is", "6"));
    let jsonl = folder.file("a.jsonl", jsonl);
    let [csv, jsonl] = [csv, jsonl].map(|data| done(finetune(&folder, &[&data], &[])));
    for name in ["examples", "tokens", "tokens_in_loss", "loss_first"] {
        assert_eq!(csv[name], jsonl[name], "{name}");
    }
    assert!(csv["tokens_in_loss"].as_u64() < csv["tokens"].as_u64(), "{csv}");
    let empty = folder.file("empty.csv", "prompt,completion\nthe cat,\n");
    finetune(&folder, &[&empty], &[]).fails(1, "text 0 of ");
}

#[test]
fn rows_of_other_lengths_are_left_out_or_cut() {
    let folder = Folder::new();
    let data =
        folder.file("a.jsonl", "{\"text\": \"cat\"}\n{\"text\": \"the cat and the cat and the cat\"}\n");
    let tokens = |more: &[&str]| {
        let done = done(finetune(&folder, &[&data], more));
        (done["examples"].as_u64().unwrap(), done["tokens"].as_u64().unwrap())
    };
    let (examples, all) = tokens(&[]);
    assert_eq!(examples, 2);
    let (examples, long) = tokens(&["--min-length", "8"]);
    assert!(examples == 1 && long < all);
    let (examples, short) = tokens(&["--max-length", "7", "--too-long", "drop"]);
    assert_eq!((examples, short + long), (1, all));
    let (examples, cut) = tokens(&["--max-length", "7"]);
    assert!(examples == 2 && short < cut && cut < all);
    let ran = finetune(&folder, &[&data], &["--min-length", "8"]).ok();
    assert!(ran.err.contains("1 of 2 rows are left out for their length"), "{}", ran.err);
}

#[test]
fn a_set_of_a_hub_is_pulled_and_then_there() {
    let (cache, folder) = (Folder::new(), Folder::new());
    let card = "---\nconfigs:\n- config_name: main\n  data_files:\n  - {split: train, path: m/*.jsonl}\n  - {split: \
                validation, path: held.csv}\n- config_name: other\n  data_dir: o\n---\n";
    let file = |name: &str, content: String| (name.to_owned(), content.into_bytes());
    let server = FakeHub::new(Files::from([
        file("README.md", card.to_owned()),
        file("m/a.jsonl", texts("cat", 2)),
        file("m/b.jsonl", texts("dog", 3)),
        file("held.csv", "text\nthe cow\n".to_owned()),
        file("o/train.jsonl", texts("cow", 1)),
    ]));
    let run = |data: &str, offline: bool| -> Ran {
        let args = args(&folder, &[data], &[]);
        let mut command = command(&args.iter().map(String::as_str).collect::<Vec<_>>());
        command.env("HF_HOME", cache.path("hf")).env("HF_ENDPOINT", server.endpoint());
        if !offline {
            command.env_remove("HF_HUB_OFFLINE");
        }
        command.output().unwrap().into()
    };
    run("hf:org/name:main", true).fails(1, "the data set `org/name:main` is not there in the cache");
    let main = done(run("hf:org/name:main", false));
    assert_eq!((&main["examples"], main["best"].is_object()), (&json!(5), true));
    let again = done(run("hf:org/name:main", true));
    assert_eq!(again["loss_first"], main["loss_first"]);
    assert_eq!(done(run("hf:org/name/o", false))["examples"], 1);
    run("hf:org/name", false).fails(1, "name one, as in org/name:main: main, other");
    run("hf:name", false).fails(2, "write ORG/NAME, ORG/NAME:CONFIG or ORG/NAME/FOLDER");
}

#[test]
fn pretrain_takes_the_same_sets() {
    let folder = Folder::new();
    let config = json!({"model_type": "gpt2", "vocab_size": 300, "n_positions": 64, "n_embd": 16, "n_layer": 1,
                        "n_head": 2, "bos_token_id": 1, "eos_token_id": 0});
    let config = folder.file("config.json", config.to_string());
    let (a, b) = (folder.file("a.jsonl", texts("cat", 20)), folder.file("b.csv", "body,text\nx,the dog\n"));
    let out = folder.path("out");
    let tokenizer = fixture("calling_llama");
    let pretrain = |more: &[&str]| {
        let args =
            ["pretrain", "--config", &config, "--tokenizer", &tokenizer, "--out", &out, "--max-steps", "1"];
        let _ = std::fs::remove_dir_all(&out);
        toolformer(&[&args[..], &["--block-size", "8", "--json", "--texts", &a], more].concat())
    };
    let usual = done(pretrain(&[]));
    assert_eq!(usual["documents"], 19);
    let more = ["--texts", &b, "--split", "train[:10]", "--validation-split-percentage", "50"];
    // Of one row none can be held out.
    pretrain(&more).fails(2, "leaves one side empty");
    let part = ["--split", "train[:10]", "--validation-split-percentage", "20"];
    assert_eq!(done(pretrain(&part))["documents"], 8);
    assert_eq!(done(pretrain(&[&part[..], &["--max-train-samples", "4"]].concat()))["documents"], 4);
    pretrain(&["--min-length", "100"]).fails(1, "the texts do not fill a block of 8 tokens");
    pretrain(&["--column", "body"]).fails(1, "a.jsonl has no column `body`, only text; name the one");
}
