//! Calls out of texts that the model writes again.

use serde_json::Value;

use crate::program::{Folder, Ran, fixture, lines, toolformer};

const TEXTS: &str = "12 * 3 is 36 the cat\n\nthe cat 3 + 12 is 15\n\n12 / 3 is 4\n";

fn run(folder: &Folder, command: &str, out: &str, more: &[&str]) -> Ran {
    let (texts, prompt) = (folder.file("texts.txt", TEXTS), folder.file("p.txt", "Q {text} A "));
    let model = fixture("rewriting_llama");
    let args = [command, "--model", &model, "--tools", "calculator", "--texts", &texts, "--out", out];
    let sizes = ["--prompt-file", &prompt, "--m", "8", "--max-call-tokens", "24"];
    toolformer(&[&args[..], &sizes, more].concat())
}

#[test]
fn annotate_rewrites() {
    let folder = Folder::new();
    let [all, first] = ["all.jsonl", "first.jsonl"].map(|name| folder.path(name));
    let ran = run(&folder, "annotate", &all, &["--rewrite"]).ok();
    assert!(ran.err.contains("calls sampled (rewrites)"), "{}", ran.err);
    let ran = run(&folder, "annotate", &first, &["--rewrite", "--first-call-only"]).ok();
    assert!(ran.err.contains("calls sampled (first calls of rewrites)"), "{}", ran.err);
    let [all, first] = ["all.jsonl", "first.jsonl"].map(|name| lines(&folder.read(name)));
    // Of some rewrite the second call is left out, and nothing else changes.
    assert!(first.len() < all.len() && first.len() > 3);
    let with = |lines: &[Value], status: &str| lines.iter().filter(|line| line["status"] == status).count();
    assert!(with(&all, "ok") > 0 && with(&all, "altered") > 0);
    assert_eq!(with(&all, "altered"), with(&first, "altered"));
}

#[test]
fn what_goes_with_rewriting() {
    let folder = Folder::new();
    let out = folder.path("c.jsonl");
    run(&folder, "annotate", &out, &["--first-call-only"]).fails(2, "--rewrite");
    run(&folder, "annotate", &out, &["--rewrite", "--constrain"]).fails(2, "cannot be used with");
    run(&folder, "annotate", &out, &["--rewrite", "--tau-s", "0.1"]).fails(2, "cannot be used with");
    run(&folder, "annotate", &out, &[]).ok();
    run(&folder, "annotate", &out, &["--rewrite"]).fails(1, "was begun with other settings");
}

#[test]
fn teach_rewrites() {
    let folder = Folder::new();
    let out = folder.path("run");
    let sizes =
        ["--rewrite", "--held-out", "0", "--epochs", "1", "--lora-rank", "1", "--tau-f", "-1000", "--json"];
    let ran = run(&folder, "teach", &out, &sizes).ok();
    let stats: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(stats["by_status"]["altered"].as_u64() > Some(0), "{stats}");
    assert!(stats["kept"].as_u64() > Some(0) && stats["kept"] == stats["executed"], "{stats}");
    assert!(folder.read("run/run.toml").contains("source = \"rewrites\""));
    assert!(folder.read("run/report.html").contains("text changed"));
    for line in lines(&folder.read("run/train.jsonl")) {
        assert!(line["text"].as_str().unwrap().contains(" [Calculator("), "{line}");
    }
}
