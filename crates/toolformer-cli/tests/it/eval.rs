//! `eval`: a model on a task, its runs compared and reported.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer};

const TASK: &str = r#"
name = "sums"
description = "Sums of two numbers"
source = "own"
prompt = "Q {text} A {text}"
max_tokens = 24
tools = ["Calculator"]

[data]
format = "fields"
answers = "answer"
category = "kind"

[metric]
kind = "within_first_words"
words = 2
"#;

fn data() -> String {
    let texts =
        ["12 * 3 is", "the cat 3 + 12 is", "12 - 3 is", "12 / 3", "3 * 3 is", "the cat", "12 + 12 is"];
    let row = |(number, text): (usize, &&str)| {
        let kind = ["sum", "other"][number % 2];
        format!("{}\n", json!({"id": number, "text": text, "answer": "36", "kind": kind}))
    };
    texts.iter().enumerate().map(row).collect()
}

struct Sums {
    folder: Folder,
    task: String,
    data: String,
    model: String,
}

impl Sums {
    fn new() -> Self {
        let folder = Folder::new();
        let (task, data) = (folder.file("sums.toml", TASK), folder.file("sums.jsonl", data()));
        Self { folder, task, data, model: fixture("calling_llama") }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["eval", "--task", &self.task, "--data", &self.data, "--model", &self.model], more].concat()
    }
}

const WITH_TOOLS: [&str; 5] = ["--tools", "calculator", "--constrain", "--start-top-k", "40"];

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_model_is_asked_with_its_tools_and_without() {
    let sums = Sums::new();
    let (plain, with) = (sums.folder.path("plain"), sums.folder.path("with"));
    let ran = toolformer(&sums.args(&["--out", &plain])).ok();
    assert!(ran.out.starts_with("sums, plain: 7 items\naccuracy"), "{}", ran.out);
    let ran = toolformer(&sums.args(&[&WITH_TOOLS[..], &["--out", &with, "--json"]].concat())).ok();
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&found["condition"], &found["k"], &found["n"]),
        (&json!("toolformer"), &json!(40), &json!(7))
    );
    assert!(found["calls"]["rate"].as_f64() > Some(0.4) && found["calls"]["tools"]["Calculator"].is_object());
    assert_eq!(found["categories"].as_object().unwrap().len(), 2);
    let rows = read(&format!("{with}/results.jsonl"));
    let called = lines(&rows).into_iter().find(|row| row["calls"][0]["status"] == "ok").unwrap();
    let output = called["output"].as_str().unwrap();
    assert!(output.contains("[Calculator(") && output.contains("-> "), "{called}");
    let page = read(&format!("{with}/report.html"));
    assert!(page.contains("answers are right") && page.contains("<svg"), "{page}");
    assert!(read(&format!("{with}/table.md")).contains("| Toolformer (k = 40) |"));

    // The same command again does nothing anew; another one is refused.
    let summary = read(&format!("{with}/summary.json"));
    let again = toolformer(&sums.args(&[&WITH_TOOLS[..], &["--out", &with, "--json"]].concat())).ok();
    assert!(again.err.contains("going on after 7 of 7"), "{}", again.err);
    assert_eq!(
        (read(&format!("{with}/results.jsonl")), read(&format!("{with}/summary.json"))),
        (rows, summary)
    );
    toolformer(&sums.args(&["--out", &with])).fails(1, "another run (different: how calls are made, tools)");
    toolformer(&sums.args(&["--limit", "0"])).fails(2, "give 1 or more");

    let disabled = toolformer(&sums.args(&["--no-calls", "--json"])).ok();
    let disabled: Value = serde_json::from_str(&disabled.out).unwrap();
    assert_eq!((&disabled["condition"], &disabled["calls"]["n"]), (&json!("toolformer_disabled"), &json!(0)));

    let compared = toolformer(&["eval", "compare", &plain, &with]).ok();
    assert!(compared.out.contains("verdict: ") && compared.out.contains("items with a call: A 0.0 %"));
    let compared = toolformer(&["eval", "compare", &plain, &with, "--json"]).ok();
    let compared: Value = serde_json::from_str(&compared.out).unwrap();
    assert_eq!(compared["overall"]["n"], 7);
    let page = sums.folder.path("page.html");
    let table = toolformer(&["eval", "report", &plain, &with, "--out", &page]).ok();
    assert!(table.out.starts_with("| Model | sums |\n|---|---:|\n| plain | "), "{}", table.out);
    assert!(read(&page).contains("points"));
}

#[test]
fn a_run_that_was_cut_off_goes_on() {
    let sums = Sums::new();
    let out = sums.folder.path("run");
    let args = sums.args(&[&WITH_TOOLS[..], &["--out", &out, "--unit-items", "2"]].concat());
    toolformer(&args).ok();
    let file = format!("{out}/results.jsonl");
    let whole = read(&file);
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let ran = toolformer(&args).ok();
    assert!(ran.err.contains("going on after"), "{}", ran.err);
    assert_eq!(read(&file), whole);
}

#[test]
fn a_sweep_asks_for_each_k() {
    let sums = Sums::new();
    let out = sums.folder.path("sweep");
    let more = ["--tools", "calculator", "--constrain", "--sweep-k", "0,40", "--out", &out];
    let ran = toolformer(&sums.args(&more)).ok();
    assert!(ran.out.starts_with("| k | sums All |"), "{}", ran.out);
    assert_eq!(read(&format!("{out}/sweep.md")), ran.out);
    let rate = |k: usize| {
        let summary: Value = serde_json::from_str(&read(&format!("{out}/k-{k}/summary.json"))).unwrap();
        summary["calls"]["rate"].as_f64().unwrap()
    };
    assert!(rate(0) == 0.0 && rate(40) > 0.4);
    assert!(read(&format!("{out}/report.html")).contains("How eager should it be?"));
    toolformer(&sums.args(&["--sweep-k", "0,1"])).fails(2, "--tools");
}

#[test]
fn texts_have_a_perplexity() {
    let sums = Sums::new();
    let out = sums.folder.path("texts");
    let args = ["eval", "--task", "texts", "--data", &sums.data, "--model", &sums.model, "--out", &out];
    let ran = toolformer(&args).ok();
    assert!(ran.out.contains("perplexity  "), "{}", ran.out);
    let other = sums.folder.path("other");
    let args = ["eval", "--task", "texts", "--data", &sums.data, "--model", &sums.model, "--out", &other];
    toolformer(&[&args[..], &["--window", "4"]].concat()).ok();
    let compared = toolformer(&["eval", "compare", &out, &other]).ok();
    assert!(compared.out.contains("the perplexity of B is"), "{}", compared.out);
}

#[test]
fn tasks_are_listed() {
    let listed = toolformer(&["eval", "tasks"]).ok();
    assert!(listed.out.starts_with("lama-squad ") && listed.out.contains("\nsvamp "));
    let listed = lines(&toolformer(&["eval", "tasks", "--json"]).ok().out);
    let nq = listed.iter().find(|task| task["name"] == "nq").unwrap();
    assert_eq!(nq["forbidden_tools"], json!(["QA"]));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let sums = Sums::new();
    toolformer(&["eval"]).fails(2, "--task");
    toolformer(&["eval", "--task", "svmp", "--model", &sums.model])
        .fails(1, "there is no task `svmp`; there are");
    toolformer(&["eval", "--task", "svamp", "--model", &sums.model]).fails(1, "no data is given");
    toolformer(&["eval", "compare", &sums.data, &sums.data]).fails(1, "is no result");
    toolformer(&["eval", "report", &sums.folder.path("nothing"), "--out", "x.html"]).fails(1, "summary.json");
}
