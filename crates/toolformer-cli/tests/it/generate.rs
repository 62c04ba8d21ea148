//! What `generate` writes: as it comes, as events, to a file that a later run goes on with, and line by line.

use serde_json::{Value, json};

use crate::program::{Folder, command, fixture, lines, toolformer, toolformer_reading};

/// A model that was taught to call.
fn calling(more: &[&str]) -> Vec<String> {
    let model = fixture("calling_llama");
    let args = ["generate", "--model", &model, "--tools", "calculator", "--max-tokens", "40"];
    args.iter().chain(more).map(|&arg| arg.to_owned()).collect()
}

fn run(args: &[String]) -> crate::program::Ran {
    toolformer(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

const PROMPT: &str = "12 * 3 is";

/// With these draws the model writes a call and its arrow.
const CALLS: [&str; 6] = ["--prompt", PROMPT, "--temperature", "1", "--seed", "9"];

fn drawn(more: &[&str]) -> crate::program::Ran {
    run(&calling(&[&CALLS[..], more].concat()))
}

#[test]
fn the_texts_of_events_are_the_completion() {
    let whole = lines(&drawn(&["--json"]).ok().out).remove(0);
    let events = lines(&drawn(&["--json", "--stream"]).ok().out);
    let (done, told) = events.split_last().unwrap();
    let text: String = told.iter().map(|event| event["text"].as_str().unwrap()).collect();
    assert_eq!(text, whole["completion"]);
    let calls: Vec<&Value> = told.iter().filter(|event| event["event"] == "call").collect();
    assert_eq!((calls.len(), &calls[0]["call"]["result"]), (1, &whole["calls"][0]["result"]));
    assert_eq!((&done["event"], &done["request"], &done["index"]), (&json!("done"), &json!(0), &json!(0)));
    for field in ["prompt", "text", "completion", "finish_reason", "tokens"] {
        assert_eq!(done[field], whole[field], "{field}");
    }
    // Text alone comes as it comes, without colours where it is no terminal.
    let plain = drawn(&[]).ok().out;
    assert_eq!(plain, format!("{}\n", whole["text"].as_str().unwrap()));
}

#[test]
fn a_file_of_completions_goes_on_where_it_was_cut_off() {
    let folder = Folder::new();
    let prompts: String = (0..12)
        .map(|number| format!("{}\n", json!({"id": number, "prompt": format!("{number} + 3 =")})))
        .collect();
    let prompts = folder.file("prompts.jsonl", prompts);
    let out = folder.path("done.jsonl");
    let args = calling(&["--prompts", &prompts, "--out", &out, "--batch", "3"]);
    let ran = run(&args).ok();
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("12/12 prompts"), "{}", ran.err);
    let whole = folder.read("done.jsonl");
    let printed = run(&calling(&["--prompts", &prompts, "--json", "--batch", "3"])).ok().out;
    // What was known from others depends on what ran beside it; all else does not.
    let texts =
        |lines: &[Value]| Vec::from_iter(lines.iter().map(|line| (line["id"].clone(), line["text"].clone())));
    assert_eq!(texts(&lines(&whole)), texts(&lines(&printed)));
    // Cut off in the middle of a line, as by a kill.
    let half = whole.len() / 2;
    std::fs::write(&out, &whole[..half]).unwrap();
    let again = run(&args).ok();
    assert!(again.err.contains("going on after"), "{}", again.err);
    assert_eq!(texts(&lines(&folder.read("done.jsonl"))), texts(&lines(&whole)));
    // Other settings would mix two runs in one file.
    run(&calling(&["--prompts", &prompts, "--out", &out, "--seed", "9"])).fails(1, "done.jsonl");
    // Nothing is left to do.
    run(&args).ok();
    assert_eq!(texts(&lines(&folder.read("done.jsonl"))), texts(&lines(&whole)));
}

#[test]
fn prompts_that_begin_alike_are_read_once() {
    let folder = Folder::new();
    let prompts: String = (0..5)
        .map(|number| format!("{}\n", json!({"prompt": format!("the cat and the zebra and 12 + {number}")})))
        .collect();
    let prompts = folder.file("prompts.jsonl", prompts);
    let model = fixture("tiny_llama");
    let args = ["generate", "--model", &model, "--prompts", &prompts, "--max-tokens", "3", "--json"];
    let found = lines(&toolformer(&args).ok().out);
    let sum = |field: &str| found.iter().map(|line| line["tokens"][field].as_u64().unwrap()).sum::<u64>();
    assert!(sum("reused") > 3 * (sum("prompt") / 5 - 4), "{found:?}");
    assert_eq!(sum("computed") + sum("reused"), sum("prompt") + sum("completion") - 5);
}

#[test]
fn lines_are_completed_until_the_input_ends() {
    let args = calling(&["--interactive"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let alone = run(&calling(&["--prompt", PROMPT])).ok().out;
    let ran = toolformer_reading(&format!("{PROMPT}\n\n/help\n{PROMPT}\n"), &args).ok();
    assert_eq!(ran.out.matches(alone.trim_end()).count(), 2, "{}", ran.out);
    assert!(ran.err.contains("Ctrl-D"), "{}", ran.err);
    // So may a line that goes on, but not to its end.
    let ran = toolformer_reading(&format!("{PROMPT}\\"), &args).ok();
    assert!(ran.out.starts_with(PROMPT), "{}", ran.out);
    // A line that is too long says so, and the next is completed.
    let long = "the cat ".repeat(4000);
    let ran = toolformer_reading(&format!("{long}\n{PROMPT}\n"), &args).ok();
    assert!(ran.err.contains("shorten it") && ran.out.contains(alone.trim_end()), "{}", ran.err);
}

#[test]
fn a_chat_is_written_as_the_model_knows_it() {
    let model = fixture("tiny_llama");
    let args = ["generate", "--model", &model, "--prompt", "the cat", "--max-tokens", "3", "--json"];
    let plain = lines(&toolformer(&args).ok().out).remove(0);
    let chat = lines(&toolformer(&[&args[..], &["--chat"]].concat()).ok().out).remove(0);
    // The template puts marks around what is said.
    assert!(chat["tokens"]["prompt"].as_u64() > plain["tokens"]["prompt"].as_u64(), "{chat}");
    let session = ["generate", "--model", &model, "--max-tokens", "3", "--chat", "--interactive"];
    let ran = toolformer_reading("the cat\n/new\nthe cat\n", &session).ok();
    assert_eq!(ran.out.matches(chat["completion"].as_str().unwrap()).count(), 2, "{}", ran.out);
}

#[test]
fn beams_are_written_best_first() {
    let model = fixture("tiny_llama");
    let args = ["generate", "--model", &model, "--prompt", "the cat", "--max-tokens", "5", "--beams", "3"];
    let found = lines(&toolformer(&[&args[..], &["--n", "3", "--json"]].concat()).ok().out);
    let scores: Vec<f64> = found.iter().map(|line| line["score"].as_f64().unwrap()).collect();
    assert!(scores.len() == 3 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let best = toolformer(&args).ok().out;
    assert_eq!(best, format!("{}\n", found[0]["text"].as_str().unwrap()));
    // What has no meaning for it is refused rather than ignored.
    for other in [&["--tools", "calculator"][..], &["--seed", "3"], &["--constrain"], &["--no-calls"]] {
        let mut with_other = command(&[&args[..], other].concat());
        crate::program::Ran::from(with_other.output().unwrap()).fails(2, "--beams");
    }
}

#[test]
fn a_forbidden_tool_is_not_called() {
    let called = lines(&drawn(&["--json"]).ok().out).remove(0);
    assert_eq!(called["calls"][0]["name"], "Calculator");
    let forbidden = drawn(&["--json", "--forbid", "Calculator"]).ok().out;
    assert_eq!(lines(&forbidden)[0]["calls"], json!([]));
    run(&calling(&["--prompt", PROMPT, "--forbid", "Clock"]))
        .fails(2, "there is no such tool; there are Calculator");
}

#[test]
fn constrained_calls_are_calls() {
    let model = fixture("tiny_llama");
    let args = ["generate", "--model", &model, "--tools", "calculator", "--prompt", "the cat", "--json"];
    let more = ["--start-bias", "100", "--temperature", "1", "--max-tokens", "50", "--n", "12"];
    // Of arguments of any length some do not come to an end in time.
    let calls = |more: &[&str]| {
        let found = lines(&toolformer(&[&args[..], more].concat()).ok().out);
        found.iter().filter(|line| line["calls"][0]["name"] == "Calculator").count()
    };
    assert_eq!(calls(&more), 0);
    assert!(calls(&[&more[..], &["--constrain"]].concat()) > 0);
    // What is written says whether they were.
    let constrained = |more: &[&str]| {
        lines(&toolformer(&[&args[..], &["--max-tokens", "1"], more].concat()).ok().out).remove(0)["constrained"].take()
    };
    assert_eq!((constrained(&["--constrain"]), constrained(&[])), (json!(true), json!(false)));
}

#[test]
fn completions_are_not_written_over_their_prompts() {
    let folder = Folder::new();
    let prompts = folder.file("prompts.jsonl", "{\"prompt\": \"the cat\"}\n");
    let model = fixture("calling_llama");
    toolformer(&["generate", "--model", &model, "--prompts", &prompts, "--out", &prompts]).fails(2, "--out");
    assert_eq!(folder.read("prompts.jsonl"), "{\"prompt\": \"the cat\"}\n");
}

#[test]
fn a_prompt_that_fails_does_not_end_the_others() {
    let folder = Folder::new();
    let prompts: String = (0..24).map(|id| format!("{}\n", json!({"id": id, "prompt": PROMPT}))).collect();
    let prompts = folder.file("prompts.jsonl", prompts);
    let (out, model) = (folder.path("done.jsonl"), fixture("tiny_llama"));
    // It calls at random; some sums are none.
    let args = ["generate", "--model", &model, "--tools", "calculator", "--prompts", &prompts, "--out", &out];
    let more = ["--constrain", "--max-tokens", "45", "--temperature", "1", "--start-bias", "100"];
    let ran = toolformer(&[&args[..], &more, &["--failed-calls", "fail"]].concat());
    let written = lines(&folder.read("done.jsonl"));
    let failed = written.iter().filter(|line| line["error"].is_string()).count();
    assert!((1..24).contains(&failed), "{written:?}");
    assert_eq!((written.len(), ran.code), (24, Some(1)), "{}", ran.err);
    assert!(ran.err.contains(&format!("{failed} prompts could not be completed")), "{}", ran.err);
    assert!(written.iter().enumerate().all(|(number, line)| line["id"] == number));
}

#[test]
fn a_file_of_one_set_of_tools_is_not_gone_on_with_by_another() {
    let folder = Folder::new();
    let prompts = folder.file("prompts.jsonl", "{\"prompt\": \"the cat\"}\n");
    let (out, model) = (folder.path("done.jsonl"), fixture("calling_llama"));
    let args = ["generate", "--model", &model, "--prompts", &prompts, "--out", &out, "--max-tokens", "4"];
    toolformer(&args).ok();
    toolformer(&[&args[..], &["--tools", "calculator"]].concat()).fails(1, "done.jsonl");
    toolformer(&[&args[..], &["--max-result-chars", "7"]].concat()).fails(1, "done.jsonl");
}

#[test]
fn no_more_texts_than_beams() {
    let model = fixture("tiny_llama");
    let args =
        ["generate", "--model", &model, "--prompt", "x", "--beams", "2", "--n", "3", "--max-tokens", "4"];
    toolformer(&args).fails(2, "1 to 2 can be written");
}
