//! Expressions and what the tool answers.

use toolformer_text::{Policy, Registry, Syntax, Tool, invoke};
use toolformer_tools::{Calculator, evaluate};

#[track_caller]
fn check(expression: &str, expected: &str) {
    assert_eq!(Calculator.call(expression).as_deref(), Ok(expected), "{expression}");
    let value = evaluate(expression.trim_matches(['"', '\''])).unwrap();
    assert_eq!(Some(value), crate::oracle::evaluate(expression.trim_matches(['"', '\''])), "{expression}");
}

#[test]
fn the_papers_examples() {
    check("27 + 4 * 2", "35");
    check("400 / 1400", "0.29");
    check("85 / 23", "3.70");
    check("658,893 / 11.4%", "5779763.16");
}

#[test]
fn order() {
    check("10-2-3", "5");
    check("10-2+3", "11");
    check("5 - 1 + 1", "5");
    check("8/2/2", "2");
    check("8/2*2", "8");
    check("2*6/4*2", "6");
    check("1/3*3", "1");
    check("1 + 2 * 3 - 4 / 2", "5");
    check("(1 + 2) * (3 - 5)", "-6");
    check("((((7))))", "7");
    check("2 * (3 + (4 - 1) * 2) - 1", "17");
    check("1 - (2 - (3 - (4 - 5)))", "3");
}

#[test]
fn signs_and_powers() {
    check("-5", "-5");
    check("+5", "5");
    check("--5", "5");
    check("2--3", "5");
    check("2 - -3", "5");
    check("2-+3", "-1");
    check("2*-3", "-6");
    check("6/-2*3", "-9");
    check("-(1 + 2)*3", "-9");
    check("-(-(3))", "3");
    check("2^10", "1024");
    check("2**10", "1024");
    check("-2^2", "-4");
    check("(-2)^2", "4");
    check("2^-1", "0.50");
    check("2^3^2", "512");
    check("(2^3)^2", "64");
    check("2^-3^2*512", "1");
    check("-2^-2", "-0.25");
    check("2*3^2", "18");
    check("3^2*2", "18");
    check("2^(1+2)-1", "7");
    check("9^.5", "3");
    check("0^0", "1");
    check("-(2)^2", "-4");
    check("1-2^2", "-3");
}

#[test]
fn numbers() {
    check(".5", "0.50");
    check("5.", "5");
    check("5.e2", "500");
    check("1e3", "1000");
    check("1E3", "1000");
    check("1.5e-3 * 1000", "1.50");
    check("1e+2", "100");
    check("1e3-1", "999");
    check("658,893", "658893");
    check("1,234.5", "1234.50");
    check("1,234,567 + 1", "1234568");
    check("0,001", "1");
    check("007", "7");
    check("0", "0");
    check("-0", "0");
    check("1e-300", "0");
}

#[test]
fn per_cent() {
    check("50%", "0.50");
    check("11.4 %", "0.11");
    check("200 * 5%", "10");
    check("5% * 200", "10");
    check("(5 + 5)% * 50", "5");
    check("100 + 10%", "100.10");
    check("-50%", "-0.50");
    check("4^50%", "2");
    check("200%^2", "4");
    check("50%%", "0.01");
    check("1/50%", "2");
    check("10% - 3%", "0.07");
}

#[test]
fn as_people_write() {
    check("3 x 4", "12");
    check("3x4", "12");
    check("3 X 4", "12");
    check("(3)x(4)", "12");
    check("50% x 4", "2");
    check("3 × 4 · 2", "24");
    check("12 ÷ 4", "3");
    check("5 − 2 – 1", "2");
    check("$5 + €6 + £ 7.50", "18.50");
    check("-$5", "-5");
    check("$1,200 / 12", "100");
    check("  1\t+\n2 ", "3");
    check("\"400 / 1400\"", "0.29");
    check("'1 + 1'", "2");
}

#[test]
fn large() {
    check("9007199254740992", "9007199254740992");
    check("2^64", "18446744073709551616");
    check("123456 * 789012", "97408265472");
    assert_eq!(Calculator.call("1e300").unwrap().len(), 301);
}

#[test]
fn in_a_text() {
    let mut tools = Registry::new();
    tools.insert(Calculator).unwrap();
    let text = "is [Calculator(1 + 1)], [Calculator((2 + 3) * 4)], [Calculator(1 / 0)]";
    let invoked = invoke(text, &tools, &Syntax::default(), Policy::Leave).unwrap();
    assert_eq!(
        invoked.text,
        "is [Calculator(1 + 1) -> 2], [Calculator((2 + 3) * 4) -> 20], [Calculator(1 / 0)]"
    );
}
