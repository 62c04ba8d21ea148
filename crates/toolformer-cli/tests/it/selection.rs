//! `select`, and the flag `--select`.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer, toolformer_reading};

/// The lines as they stand in a file, blanks and all.
const TEXTS: &str = concat!(
    "{\"text\": \"3 boxes of 12 make 36 eggs\",  \"id\": \"a\", \"note\": 1e2}\n\n",
    "{\"id\": \"b\", \"text\": \"The hens are well.\", \"url\": \"http://x.org/2012/03/14/hens\"}\r\n",
    "{\"text\": \"This equals 12.\", \"date\": \"2012-03-14\"}",
);

#[track_caller]
fn check(tool: &str, taken: &[usize], by_rule: &Value) {
    let folder = Folder::new();
    let (texts, out) = (folder.file("texts.jsonl", TEXTS), folder.path("out.jsonl"));
    let ran = toolformer(&["select", "--tool", tool, "--texts", &texts, "--out", &out, "--json"]).ok();
    let all: Vec<&str> = TEXTS.split('\n').filter(|line| !line.is_empty()).collect();
    let expected: String = taken.iter().map(|&line| format!("{}\n", all[line])).collect();
    assert_eq!(folder.read("out.jsonl"), expected);
    let stats: Value = serde_json::from_str(&ran.out).unwrap();
    let (selected, dropped) = (taken.len(), 3 - taken.len());
    assert_eq!(stats, json!({"texts": 3, "selected": selected, "by_rule": by_rule, "dropped": dropped}));
    assert!(ran.err.contains(&format!("{selected} of 3 texts selected")), "{}", ran.err);
}

#[test]
fn lines_are_taken_as_they_are() {
    check("calculator", &[0, 2], &json!({"computed_number": 1, "given_result": 1}));
    check("Calculator", &[0, 2], &json!({"computed_number": 1, "given_result": 1}));
    check("calendar", &[1, 2], &json!({"dated": 2}));
    check("translate", &[], &json!({}));
    check("wiki", &[0, 1, 2], &json!({"every": 3}));
    check("qa", &[0, 1, 2], &json!({"every": 3}));
}

#[test]
fn packed_and_piped_files_are_read() {
    let folder = Folder::new();
    let (packed, out) = (folder.path("packed.jsonl.gz"), folder.path("out.jsonl"));
    let select = |texts: &str, out: &str| {
        toolformer_reading(TEXTS, &["select", "--tool", "calculator", "--texts", texts, "--out", out]).ok()
    };
    select("-", &packed);
    assert!(std::fs::read(&packed).unwrap().starts_with(&[0x1f, 0x8b]));
    select(&packed, &out);
    assert_eq!(folder.read("out.jsonl").lines().count(), 2);
}

#[test]
fn what_cannot_be_selected_is_told() {
    let folder = Folder::new();
    let (texts, out) =
        (folder.file("texts.jsonl", "{\"text\": \"a = 5\"}\nnothing\n"), folder.path("out.jsonl"));
    let select =
        |tool: &str, texts: &str| toolformer(&["select", "--tool", tool, "--texts", texts, "--out", &out]);
    select("abacus", &texts).fails(2, "there are calculator, calendar, wiki, translate, qa");
    select("calculator", &texts).fails(1, "line 2,");
    assert!(!std::path::Path::new(&out).exists());
    select("calculator", &folder.file("texts.txt", "a = 5\n")).fails(1, "give JSONL");
    select("calculator", &folder.path("gone.jsonl")).fails(1, "cannot read");
}

#[test]
fn annotate_takes_what_is_selected_for_each_tool() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama"));
    let texts = folder.file(
        "texts.jsonl",
        "{\"text\": \"3 12 36\"}\n{\"text\": \"cat\", \"date\": \"2012-03-14\"}\n{\"text\": \"the cat\"}\n",
    );
    let (prompt, out) = (folder.file("p.txt", "Q {text} A "), folder.path("c.jsonl"));
    let [calculator, calendar] = ["Calculator", "Calendar"].map(|tool| format!("{tool}={prompt}"));
    let args =
        ["annotate", "--model", &model, "--tools", "calculator,calendar", "--texts", &texts, "--out", &out];
    let prompts = ["--prompt-file", &calculator, "--prompt-file", &calendar];
    let sizes = ["--k", "1", "--m", "1", "--tau-s", "0", "--max-call-tokens", "4"];
    let annotate = |more: &[&str]| toolformer(&[&args[..], &prompts, &sizes, more].concat());
    let ran = annotate(&["--select"]).ok();
    assert!(ran.err.contains("1 of 3 texts selected for Calculator"), "{}", ran.err);
    let found: Vec<(Value, Value)> = lines(&folder.read("c.jsonl"))
        .into_iter()
        .map(|candidate| (candidate["text_id"].clone(), candidate["tool"].clone()))
        .collect();
    assert_eq!(found, [(json!(0), json!("Calculator")), (json!(1), json!("Calendar"))]);
    annotate(&[]).fails(1, "was begun with other settings");
}

#[test]
fn teach_tells_how_many_texts_were_selected() {
    let (folder, model) = (Folder::new(), fixture("calling_llama"));
    let texts =
        "{\"text\": \"12 * 3 is 36 the cat\"}\n{\"text\": \"the cat\"}\n{\"text\": \"12 / 3 is 4\"}\n";
    let (texts, prompt, out) =
        (folder.file("t.jsonl", texts), folder.file("p.txt", "Q {text} A "), folder.path("run"));
    let teach = |tool: &str, out: &str, more: &[&str]| {
        let args = ["teach", "--model", &model, "--tools", tool, "--texts", &texts, "--prompt-file", &prompt];
        let sizes = ["--max-call-tokens", "24", "--held-out", "0", "--epochs", "1", "--lora-rank", "1"];
        toolformer(&[&args[..], &sizes, &["--out", out, "--select"], more].concat())
    };
    let none = folder.path("none");
    teach("calendar", &none, &[]).fails(1, "of 3 texts, so many were selected: 0 for Calendar");
    let ran = teach("calculator", &out, &["--tau-f", "-1000", "--json"]).ok();
    let stats: Value = serde_json::from_str(&ran.out).unwrap();
    let expected = json!({"texts": 3, "selected": 2, "by_rule": {"computed_number": 2}, "dropped": 1});
    assert_eq!(stats["selection"], json!({"Calculator": expected}));
    assert!(ran.err.contains("texts selected for Calculator"), "{}", ran.err);
}

#[test]
fn the_calendars_day_is_that_of_the_text() {
    let folder = Folder::new();
    let texts = folder.file(
        "texts.jsonl",
        "{\"id\": 0, \"text\": \"7 and 49 go\", \"date\": \"2012-03-14\"}\n{\"id\": 1, \"text\": \"7 and 49 go\"}\n",
    );
    let (prompt, out) = (folder.file("prompt.txt", "Q {text} A "), folder.path("c.jsonl"));
    let model = fixture("tiny_llama");
    let annotate = ["annotate", "--model", &model, "--tools", "calendar", "--texts", &texts, "--out", &out];
    let sampling = ["--constrain", "--tau-s", "0", "--k", "3", "--m", "100", "--prompt-file", &prompt];
    toolformer(&[&annotate[..], &sampling, &["--now", "2023-01-30"]].concat()).ok();
    // Random weights write many calls, and sometimes that which asks for the day.
    let asked = |id: u64| {
        let lines = lines(&folder.read("c.jsonl"));
        let line = lines
            .into_iter()
            .find(|line| line["text_id"] == id && line["call"] == "Calendar()" && line["status"] == "ok");
        line.unwrap()["result"].clone()
    };
    assert_eq!(asked(0), "Today is Wednesday, March 14, 2012.");
    assert_eq!(asked(1), "Today is Monday, January 30, 2023.");
}
