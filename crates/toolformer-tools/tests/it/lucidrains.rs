//! What toolformer-pytorch 0.0.30 gets wrong in its tools, one test for each.

use toolformer_text::{
    Registry, Tool, ToolError,
    lucidrains::{Options, Param, function, invoke_tools},
};
use toolformer_tools::{BuiltinError, BuiltinSettings, Calculator, Calendar, Date, builtin};

#[track_caller]
fn check(expression: &str, expected: &str) {
    assert_eq!(Calculator.call(expression).as_deref(), Ok(expected), "{expression}");
}

/// Calls as the few-shot prompts of all their tools write them.
#[track_caller]
fn check_invoked(text: &str, expected: &str) {
    let mut tools = Registry::new();
    tools.insert(Calculator).unwrap();
    tools.insert(Calendar::on(Date::constant(2023, 1, 30))).unwrap();
    let echo = |params: &[Param]| match params {
        [Param::Str(text)] => Ok(format!("about {text}")),
        _ => Err(ToolError::bad_arguments("give one text")),
    };
    tools.insert(function("WikiSearch", echo)).unwrap();
    tools.insert(function("MT", echo)).unwrap();
    assert_eq!(invoke_tools(&tools, text, &Options::default()).unwrap(), expected);
}

/// Their calculator takes differences from the right: 11.
#[test]
fn ten_minus_two_minus_three_is_five() {
    check("10-2-3", "5");
}

/// Their calculator takes quotients from the right: 8.
#[test]
fn eight_over_two_over_two_is_two() {
    check("8/2/2", "2");
}

/// Their calculator rounds every part to two decimals: 0.99.
#[test]
fn a_third_times_three_is_one() {
    check("1/3*3", "1");
}

/// Their calculator gives 35.0.
#[test]
fn integers_are_printed_bare() {
    check("27+4*2", "35");
}

/// Their calculator raises at every space, point, sign and parenthesis.
#[test]
fn spaces_points_signs_and_parentheses_are_read() {
    check("27 + 4 * 2", "35");
    check("1.5*2", "3");
    check("-3+5", "2");
    check("(1+2)*3", "9");
}

/// Through `invoke_tools`, `400/1400` is no parameter at all, in quotes it keeps them, and `7` becomes an integer that
/// the calculator cannot read: none of them runs.
#[test]
fn the_calculator_runs_in_a_text() {
    check_invoked("a [Calculator(400/1400)] b", "a [Calculator(400/1400) → 0.29] b");
    check_invoked("a [Calculator(\"400/1400\")] b", "a [Calculator(\"400/1400\") → 0.29] b");
    check_invoked("a [Calculator(7)] b", "a [Calculator(7) → 7] b");
    check_invoked("a [Calculator((400 + 1) * 2)] b", "a [Calculator((400 + 1) * 2) → 802] b");
}

/// Of the forms in the paper's prompts only calendar calls and quoted searches without a comma run.
#[test]
fn every_form_of_the_papers_prompts_runs() {
    check_invoked("[Calendar()]", "[Calendar() → Today is Monday, January 30, 2023.]");
    check_invoked("[WikiSearch(\"a b\")]", "[WikiSearch(\"a b\") → about a b]");
    check_invoked("[WikiSearch(\"a, b\")]", "[WikiSearch(\"a, b\") → about a, b]");
    check_invoked("[MT(sûreté nucléaire)]", "[MT(sûreté nucléaire) → about sûreté nucléaire]");
}

/// Importing their tools ends the program where a package is missing. Here it is an error.
#[test]
fn a_tool_that_is_not_there_ends_nothing() {
    let settings = BuiltinSettings::new(Calendar::on(Date::constant(2023, 1, 30)));
    let Err(error) = builtin("wolfram", &settings) else { panic!("there is one") };
    assert_eq!(error, BuiltinError::Unknown { name: "wolfram".into() });
}
