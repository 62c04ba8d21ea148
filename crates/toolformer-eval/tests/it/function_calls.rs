//! Calls of functions, in BFCL's files.

use std::path::Path;

use toolformer_eval::{
    CallResult, ExpectedCalls, FunctionCase, FunctionVerdict, Task, argument_text, read_function_cases,
};
use toolformer_text::{CallStatus, Policy, Registry, Syntax, invoke, parse};

use crate::fixture;

fn cases(file: &str) -> Vec<FunctionCase> {
    read_function_cases(Path::new(&fixture(&format!("bfcl/{file}"))), None).unwrap()
}

fn judge(case: &FunctionCase, output: &str) -> FunctionVerdict {
    case.judge(parse(output, &Syntax::default()).calls())
}

#[track_caller]
fn check(case: &FunctionCase, output: &str, expected: &str) {
    let verdict = serde_json::to_string(&judge(case, output)).unwrap();
    assert!(verdict.contains(expected), "{verdict}");
}

#[test]
fn a_question_says_what_may_be_called() {
    let cases = cases("BFCL_v4_simple_python.json");
    let item = cases[0].item();
    assert_eq!((item.id.as_str(), item.category.as_deref()), ("simple_python_0", Some("simple_python")));
    assert_eq!(
        item.fields["functions"],
        "finance.compound(deposit: integer, rate: number, years: integer, currency: string = null): The worth of a \
         deposit after some years."
    );
    assert_eq!(cases[1].question, "You find routes.\nGo by Plau and Lübz, shortest way.");
    assert_eq!(
        cases[1].functions[0].prompt_line(),
        "route(places: list of string, options: any = null): Finds a route."
    );
    let task = Task::builtin("function-calls").unwrap();
    let set = task.items(Some(&fixture("bfcl/BFCL_v4_simple_python.json")), 0).unwrap();
    assert!(task.prompt_of(&set.items[0]).unwrap().contains("How much is a deposit"));
    // A folder as BFCL has it, with the answers in another one inside.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("possible_answer")).unwrap();
    for file in ["BFCL_v4_simple_python.json", "possible_answer/BFCL_v4_simple_python.json"] {
        std::fs::copy(fixture(&format!("bfcl/{file}")), folder.path().join(file)).unwrap();
    }
    assert_eq!(task.items(folder.path().to_str(), 0).unwrap().items, set.items);
}

#[test]
fn reference_calls_are_right() {
    let syntax = Syntax::default();
    for case in cases("BFCL_v4_simple_python.json") {
        let (name, arguments) = case.reference_call().unwrap();
        let output = format!("Yes{}.", syntax.call(name, &argument_text(&arguments)));
        assert_eq!(judge(&case, &output), FunctionVerdict::Correct, "{output}");
    }
}

/// `make_verdicts.py` beside the fixtures ran BFCL's own checker on right and spoilt calls.
#[test]
fn verdicts_are_those_of_bfcls_checker() {
    let cases = cases("BFCL_v4_simple_python.json");
    let syntax = Syntax::default();
    let verdicts = std::fs::read_to_string(fixture("bfcl/verdicts.jsonl")).unwrap();
    let (mut right, mut wrong) = (0, 0);
    for line in verdicts.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let case = cases.iter().find(|case| case.id == row["id"]).unwrap();
        let arguments = argument_text(row["arguments"].as_object().unwrap());
        let output = syntax.call(row["function"].as_str().unwrap(), &arguments);
        let verdict = judge(case, &output);
        // A bare word is a text in an inline call, and `null` leaves a parameter out.
        let is_text = |name: &str| row["arguments"].get(name).is_none_or(serde_json::Value::is_string);
        if is_text("currency") && is_text("note") && !arguments.contains("=null") {
            assert_eq!(verdict.is_correct(), row["valid"].as_bool().unwrap(), "{output}: {verdict:?}");
            *if verdict.is_correct() { &mut right } else { &mut wrong } += 1;
        }
    }
    assert!(right > 12 && wrong > 60, "{right} {wrong}");
}

#[test]
fn one_call_with_the_right_arguments() {
    let case = &cases("BFCL_v4_simple_python.json")[0];
    check(case, "[finance.compound(1000, 0.05, 10)]", "correct");
    check(case, "[finance.compound(1000, 0.05, years=10, currency='EURO') -> 1629]", "correct");
    check(case, "[finance.compound(deposit=1000, rate=0.05)]", "`years` is missing");
    check(case, "[finance.compound(1000, 0.05, ten)]", "`years` is `\\\"ten\\\"`, which is no integer");
    check(case, "[finance.compound(1000.0, 0.05, 10)]", "which is no integer");
    check(case, "[finance.compound(1000, 0.06, 10)]", "none of [0.05]");
    check(case, "[finance.compound(1000, 0.05, 10, dollar)]", "none of");
    check(case, "[finance.compound(1000, 0.05, 10, tax=1)]", "there is no parameter `tax`");
    check(case, "[compound(1000, 0.05, 10)]", "wrong_function");
    check(case, "[finance.compound(1000, 0.05, 10)] [finance.compound(1000, 0.05, 10)]", "several_calls");
    check(case, "It is 1629.", "no_call");
    let route = &cases("BFCL_v4_simple_python.json")[1];
    check(route, "[route([Plau, Lübz], {\"by\": \"Shortest way\"})]", "correct");
    check(route, "[route(places=[\"Lübz\", \"Plau\"], options={\"by\": \"shortest\"})]", "none of");
    check(route, "[route([Plau, Lübz])]", "`options` is missing");
}

#[test]
fn a_function_is_a_tool_that_has_no_result() {
    let mut tools = Registry::new();
    tools.insert(cases("BFCL_v4_irrelevance.json")[0].functions[0].clone()).unwrap();
    let found = invoke("[weather(Plau)] [weather()]", &tools, &Syntax::default(), Policy::Leave).unwrap();
    let statuses: Vec<_> = found.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [CallStatus::NoResult, CallStatus::BadArguments]);
    let result = CallResult::from(&found.calls[0]);
    assert!(result.is_valid() && !result.is_executed());
}

#[test]
fn null_leaves_a_parameter_out() {
    let mut case = cases("BFCL_v4_simple_python.json")[0].clone();
    let ExpectedCalls::One { arguments, .. } = &mut case.expected else { panic!("one call") };
    arguments["currency"] = serde_json::json!([null]);
    check(&case, "[finance.compound(1000, 0.05, 10, currency=null)]", "correct");
    check(&case, "[finance.compound(1000, 0.05, 10)]", "correct");
    check(&case, "[finance.compound(1000, 0.05, 10, currency=euro)]", "none of [null]");
}

#[test]
fn none_where_none_fits_and_any_where_one_does() {
    let irrelevant = &cases("BFCL_v4_irrelevance.json")[0];
    assert_eq!(irrelevant.expected, ExpectedCalls::None);
    check(irrelevant, "Ada Moor did [sic] (1840).", "correct");
    check(irrelevant, "[weather(Plau)]", "unexpected_call");
    check(irrelevant, "[other(Plau)]", "unexpected_call");
    let relevant = &cases("BFCL_v4_live_relevance.json")[0];
    assert_eq!((&relevant.expected, relevant.category.as_str()), (&ExpectedCalls::Any, "live_relevance"));
    check(relevant, "[weather(Rome)]", "correct");
    check(relevant, "[other(Rome)]", "wrong_function");
    check(relevant, "Yes.", "no_call");
}

#[test]
fn files_of_another_kind_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = |name: &str, question: &str, answer: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(folder.path().join("possible_answer")).unwrap();
        std::fs::write(&path, question).unwrap();
        std::fs::write(folder.path().join("possible_answer").join(name), answer).unwrap();
        read_function_cases(&path, None).map(drop).unwrap_err().to_string()
    };
    let question = std::fs::read_to_string(fixture("bfcl/BFCL_v4_irrelevance.json")).unwrap();
    let simple = question.replace("irrelevance", "simple");
    assert!(
        error("a.json", &simple, "")
            .contains("row 1, field `id` is `simple_0`, for which there are no possible answers")
    );
    let two = r#"{"id": "simple_0", "ground_truth": [{"weather": {}}, {"weather": {}}]}"#;
    assert!(error("b.json", &simple, two).contains("is not one call"));
    let other = r#"{"id": "simple_0", "ground_truth": [{"rain": {"place": ["Plau"]}}]}"#;
    assert!(error("c.json", &simple, other).contains("names `rain`"));
    let turns = simple.replace("}]], \"function\"", "}], []], \"function\"");
    assert!(error("d.json", &turns, "").contains("take a category of one turn"));
    assert!(error("e.json", &simple.replace("\"weather\"", "\"wea ther\""), "").contains("field `function`"));
}
