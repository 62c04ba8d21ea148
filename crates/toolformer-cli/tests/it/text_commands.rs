//! `parse`, `invoke` and `devices`: no model is needed.

use crate::program::{Folder, toolformer, toolformer_reading};

const TEXT: &str =
    "Of 1400, 400 (or [Calculator(400 / 1400)]) passed\r\n[Calculator(1 + 1) → 2] é[Calculator(1 +\n";

#[test]
fn parse_gives_spans_in_bytes() {
    let ran = toolformer_reading(TEXT, &["parse", "--json"]).ok();
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.out.lines().count(), 1);
    let calls = serde_json::json!([
        {"span": [17, 41], "name": "Calculator", "args": "400 / 1400", "result": null},
        {"span": [51, 76], "name": "Calculator", "args": "1 + 1", "result": "2"},
    ]);
    assert_eq!(found["calls"], calls);
    assert_eq!(found["diagnostics"][0]["span"], serde_json::json!([79, 94]));
    assert_eq!(found["diagnostics"][0]["kind"], "unclosed_arguments");
}

#[test]
fn parse_lists_calls_and_points_at_what_is_none() {
    insta::assert_snapshot!(toolformer_reading(TEXT, &["parse", "-"]).ok().out);
}

#[track_caller]
fn check_invoke(text: &str, policy: &str, expected: &str) {
    let ran = toolformer_reading(text, &["invoke", "-", "--tools", "calculator", "--policy", policy]).ok();
    assert_eq!(ran.out, expected);
    // A call without a result is reported, whatever becomes of it in the text.
    assert_eq!(ran.err.contains("no result for Calculator(1 / 0): division by zero"), text.contains("1 / 0"));
}

#[test]
fn invoke_keeps_every_other_byte() {
    let expected = TEXT.replace("(400 / 1400)", "(400 / 1400) -> 0.29");
    check_invoke(TEXT, "leave", &expected);
    check_invoke("no newline [Calculator(3)]", "leave", "no newline [Calculator(3) -> 3]");
    check_invoke("", "leave", "");
}

#[test]
fn policies_say_what_becomes_of_failed_calls() {
    let text = "a [Calculator(1 / 0)] b";
    check_invoke(text, "leave", text);
    check_invoke(text, "drop", "a b");
    check_invoke(
        text,
        "mark",
        "a [Calculator(1 / 0) -> error: division by zero; use a divisor other than 0] b",
    );
    let ran = toolformer_reading(text, &["invoke", "--tools", "calculator", "--policy", "fail"]);
    ran.fails(1, "caused by: ");
    check_invoke("[Calculator(1 / 0)] [Nope(1)]", "leave,unknown-tool=drop", "[Calculator(1 / 0)]");
    let wrong = toolformer_reading(text, &["invoke", "--tools", "calculator", "--policy", "dorp"]);
    wrong.fails(2, "`dorp` is no policy; there are leave, drop, mark, fail");
}

#[test]
fn lines_are_counted_alike_everywhere() {
    let ran = toolformer_reading("a\rb [X(1)]\r[Y(1 \n", &["parse"]).ok();
    assert!(ran.out.contains("line 2, bytes 4 to 10: X(1)") && ran.out.contains("3 | [Y(1"), "{}", ran.out);
}

#[test]
fn the_calendar_takes_the_day_from_the_command_line_or_the_system() {
    let text = "[Calendar()] [Calendar(days until 2023-12-25)]";
    let ran = toolformer_reading(text, &["invoke", "--tools", "calendar", "--now", "2023-01-30"]).ok();
    let expected = "[Calendar() -> Today is Monday, January 30, 2023.] \
                    [Calendar(days until 2023-12-25) -> 329 days]";
    assert_eq!(ran.out, expected);
    let ran = toolformer_reading("[Calendar()]", &["invoke", "--tools", "calendar"]).ok();
    assert!(ran.out.starts_with("[Calendar() -> Today is "), "{}", ran.out);
}

#[test]
fn files_are_read_too() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "[Calculator(6 * 7)]");
    assert_eq!(toolformer(&["invoke", &file, "--tools", "calculator"]).ok().out, "[Calculator(6 * 7) -> 42]");
    toolformer(&["parse", &folder.path("none")]).fails(1, "cannot read");
    toolformer(&["parse", &folder.path("")]).fails(2, "is a folder; give a file");
    toolformer(&["invoke", &folder.path(""), "--tools", "calculator"]).fails(2, "is a folder; give a file");
    let latin1 = folder.file("latin1.txt", b"caf\xe9");
    toolformer(&["parse", &latin1]).fails(1, "not UTF-8 text at byte 3");
}

#[test]
fn devices_are_listed_with_what_is_missing() {
    let ran = toolformer(&["devices", "--json"]).ok();
    let devices: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(devices[0]["name"], "cpu");
    assert_eq!(devices[0]["available"], true);
    assert!(devices[1..].iter().all(|device| device["available"] == false && device["missing"].is_string()));
}
