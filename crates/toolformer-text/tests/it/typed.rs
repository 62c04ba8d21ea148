//! Functions with typed parameters.

use toolformer_text::{ParameterType, Raw, Registry, Tool, ToolError, TypedTool};

#[track_caller]
fn check(tool: impl Tool, args: &str, expected: &str) {
    let shown = tool.call(args).unwrap_or_else(|error| format!("! {error}"));
    assert_eq!(shown, expected, "{args}");
}

#[test]
fn none_to_eight_parameters() {
    check(TypedTool::new("F", "", [], || "x"), "", "x");
    check(
        TypedTool::new("F", "", [], || "x"),
        "1",
        "! bad arguments: too many arguments (1, at most 0): write none; there are no parameters",
    );
    check(TypedTool::new("F", "", ["a"], |a: i64| a + 1), "1", "2");
    check(TypedTool::new("F", "", ["a", "b"], |a: i64, b: f64| a as f64 * b), "2, 1.25", "2.5");
    let three = |a: String, b: bool, c: Vec<i64>| format!("{a}{b}{}", c.iter().sum::<i64>());
    check(TypedTool::new("F", "", ["a", "b", "c"], three), "c=[1, 2], a='x, y', b=false", "x, yfalse3");
    let four = |a: i64, b: i64, c: i64, d: i64| a * 1000 + b * 100 + c * 10 + d;
    check(TypedTool::new("F", "", ["a", "b", "c", "d"], four), "1, 2, d=4, c=3", "1234");
    let five = |a: i64, b: i64, c: i64, d: i64, e: i64| [a, b, c, d, e].map(|n| n.to_string()).concat();
    check(TypedTool::new("F", "", ["a", "b", "c", "d", "e"], five), "1,2,3,4,5", "12345");
    let six =
        |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64| [a, b, c, d, e, f].map(|n| n.to_string()).concat();
    check(TypedTool::new("F", "", ["a", "b", "c", "d", "e", "f"], six), "1,2,3,4,5,6", "123456");
    let seven = |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64| a + b + c + d + e + f + g;
    check(TypedTool::new("F", "", ["a", "b", "c", "d", "e", "f", "g"], seven), "1,2,3,4,5,6,7", "28");
    let eight = |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: Option<i64>| {
        a + b + c + d + e + f + g + h.unwrap_or(100)
    };
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    check(TypedTool::new("F", "", names, eight), "1,2,3,4,5,6,7", "128");
    check(TypedTool::new("F", "", names, eight), "1,2,3,4,5,6,7,8", "36");
}

/// A plain function, not a closure.
fn divided(by: f64, what: Vec<f64>) -> Result<f64, String> {
    if by == 0.0 { Err("division by zero".to_owned()) } else { Ok(what.iter().sum::<f64>() / by) }
}

#[test]
fn what_may_be_returned() {
    check(TypedTool::new("F", "", ["by", "what"], divided), "4, [1, 2]", "0.75");
    check(TypedTool::new("F", "", ["by", "what"], divided), "0, []", "! division by zero");
    let found = |key: String| (key == "a").then_some(7_u64);
    check(TypedTool::new("F", "", ["key"], found), "a", "7");
    check(TypedTool::new("F", "", ["key"], found), "b", "! the tool found no result; try other arguments");
    let refuses = |_: i64| Err::<String, _>(ToolError::bad_arguments("odd"));
    check(TypedTool::new("F", "", ["n"], refuses), "1", "! bad arguments: odd");
    check(TypedTool::new("F", "", ["b"], |b: bool| !b), "true", "false");
}

#[test]
fn raw_text_comes_last() {
    let tool = || TypedTool::new("F", "", ["to", "text"], |to: String, Raw(text)| format!("{to}:{text}"));
    check(tool(), "fr, Hello, world", "fr:Hello, world");
    check(tool(), "fr, 'Hello, world'", "fr:Hello, world");
    check(TypedTool::new("F", "", ["text"], |Raw(text)| text.len()), "a=b, c", "6");
}

#[test]
fn a_wrong_type_names_the_parameter() {
    let tool = TypedTool::new("F", "", ["part", "whole"], |part: i64, whole: i64| part / whole);
    check(
        tool,
        "1, x",
        "! bad arguments: parameter `whole` is of type integer, not `x`; write digits, such as 42",
    );
}

#[test]
fn parameters_are_said() {
    let tool = TypedTool::new("F", "", ["n", "texts"], |_: Option<f64>, _: Vec<String>| "");
    let parameters = tool.parameters();
    assert_eq!(parameters.to_string(), "n: number = null, texts: list of string");
    assert_eq!(parameters.get("texts").unwrap().kind, ParameterType::List(Box::new(ParameterType::String)));
    let mut tools = Registry::new();
    tools.insert(tool).unwrap();
    assert_eq!(tools.get("F").unwrap().parameters(), parameters);
}

#[test]
fn parameters_are_described_and_checked() {
    let tool = TypedTool::new("F", "", ["n"], |n: i64| n).describe("n", "how many").with_fingerprint("v2");
    assert_eq!(tool.parameters().json_schema()["properties"]["n"]["description"], "how many");
    assert_eq!(tool.fingerprint(), "v2");
    let twice = TypedTool::new("F", "", ["n", "n"], |n: i64, _: i64| n);
    let refused = Registry::new().insert(twice).unwrap_err().to_string();
    assert_eq!(refused, "the tool `F` has two parameters called `n`; give one of them another name");
}
