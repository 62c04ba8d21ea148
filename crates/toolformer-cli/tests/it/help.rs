//! What `--help` says, in snapshots.

use crate::program::toolformer;

#[track_caller]
fn check(command: &str) {
    let ran = toolformer(&[command, "--help"]).ok();
    assert!(ran.out.contains("Examples:\n"), "a command shows an example");
    insta::assert_snapshot!(format!("help_{command}"), ran.out);
}

#[test]
fn the_program() {
    insta::assert_snapshot!("help", toolformer(&["--help"]).ok().out);
}

#[test]
fn commands_on_text() {
    ["parse", "invoke", "devices"].into_iter().for_each(check);
}

#[track_caller]
fn check_below(command: &str, below: &[&str]) {
    for name in below {
        let ran = toolformer(&[command, name, "--help"]).ok();
        assert!(ran.out.contains("Examples:\n"), "a command shows an example");
        insta::assert_snapshot!(format!("help_{command}_{name}"), ran.out);
    }
}

#[test]
fn commands_on_tools() {
    check_below("tools", &["list", "show", "call"]);
    check_below("index", &["build", "query"]);
}

#[test]
fn commands_on_rewards_and_labels() {
    check_below("reward", &["train", "score", "eval"]);
    check_below("classify", &["train", "eval", "predict"]);
}

#[test]
fn commands_on_evaluation() {
    check("eval");
    check_below("eval", &["compare", "report"]);
}

#[test]
fn commands_on_a_hub() {
    check_below("models", &["pull", "list", "show"]);
}

#[test]
fn commands_on_models() {
    ["score", "generate"].into_iter().for_each(check);
}

#[test]
fn the_whole_job_and_its_steps() {
    [
        "teach",
        "report",
        "select",
        "annotate",
        "filter",
        "merge-shards",
        "weave",
        "finetune",
        "pretrain",
        "merge",
    ]
    .into_iter()
    .for_each(check);
}
