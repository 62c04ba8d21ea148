//! What is refused, and in which words.

use toolformer_text::{Tool, ToolError};
use toolformer_tools::{Calculator, CalculatorError, evaluate};

/// The first half of the message; the second is the advice.
#[track_caller]
fn check(expression: &str, expected: &str) {
    let message = evaluate(expression).unwrap_err().to_string();
    let (problem, advice) = message.split_once("; ").expect("no advice");
    assert_eq!(problem, expected, "{expression}");
    assert!(!advice.is_empty());
    assert_eq!(crate::oracle::evaluate(expression), None, "{expression}");
}

#[test]
fn malformed() {
    check("", "the expression is empty");
    check(" \n", "the expression is empty");
    check("1 +", "the expression ends with `+`");
    check("1 − ", "the expression ends with `−`");
    check("-", "the expression ends with `-`");
    check("2 ^ -", "the expression ends with `-`");
    check("* 2", "a value is missing before `*`");
    check("1 + * 2", "a value is missing before `*`");
    check("2 * / 3", "a value is missing before `/`");
    check("2 ^^ 3", "a value is missing before `^`");
    check("2 *** 3", "a value is missing before `*`");
    check("%", "a value is missing before `%`");
    check("()", "a value is missing before `)`");
    check("1 + ()", "a value is missing before `)`");
    check("(1 +)", "a value is missing before `)`");
    check("2(3)", "an operator is missing before `(`");
    check("(2)(3)", "an operator is missing before `(`");
    check("(2)3", "an operator is missing before `3`");
    check("1 2", "an operator is missing before `2`");
    check("1 2 + + 3", "an operator is missing before `2`");
    check("1 2 3 + -", "an operator is missing before `2`");
    check("10 % 3", "an operator is missing before `3`");
    check("50% (2)", "an operator is missing before `(`");
    check("5 $6", "an operator is missing before `$6`");
    check("(1 + 2", "a `(` is not closed");
    check("1 + (", "a `(` is not closed");
    check("((1)", "a `(` is not closed");
    check("1 + 2)", "a `)` closes nothing");
    check("(-2^2))", "a `)` closes nothing");
    check(")", "a value is missing before `)`");
}

#[test]
fn words_and_characters() {
    check("x", "`x` is not known");
    check("x + 1", "`x` is not known");
    check("3 + x", "`x` is not known");
    check("3xy", "`xy` is not known");
    check("sin(1)", "`sin` is not known");
    check("PI", "`PI` is not known");
    check("2π", "`π` is not known");
    check("5kg", "`kg` is not known");
    check("nan", "`nan` is not known");
    check("1e3e", "`e` is not known");
    check("3!", "unexpected `!`");
    check("1 = 1", "unexpected `=`");
    check("{1}", "unexpected `{`");
    check("1; 2", "unexpected `;`");
    check("٣ + 1", "unexpected `٣`");
    check("$", "`$` must stand right before a number, as in $5");
    check("$-5", "`$` must stand right before a number, as in $5");
    check("$(5)", "`$` must stand right before a number, as in $5");
    check("5€", "`€` must stand right before a number, as in €5");
}

#[test]
fn numbers() {
    check(".", "`.` is not a number");
    check("1.2.3", "`1.2.3` is not a number");
    check("1..2", "`1..2` is not a number");
    check("1e", "`1e` is not a number");
    check("1e+", "`1e+` is not a number");
    check("1 + .e3", "`.e3` is not a number");
    check("0x10", "`0x10` is not a number");
    check("1.5,000", "`1.5,000` is not a number");
    check("1,2", "the commas of `1,2` do not group by three");
    check("1,2345", "the commas of `1,2345` do not group by three");
    check("1234,567", "the commas of `1234,567` do not group by three");
    check("1,,000", "the commas of `1,,000` do not group by three");
    check("1,", "the commas of `1,` do not group by three");
    check("1, 234", "the commas of `1,` do not group by three");
    check("1,000,00.5", "the commas of `1,000,00.5` do not group by three");
    check(",5", "unexpected `,`");
}

#[test]
fn values() {
    check("1/0", "division by zero");
    check("1/(1/0)", "division by zero");
    check("0 * (1 / 0)", "division by zero");
    check("0/0", "division by zero");
    check("1/(2-2)", "division by zero");
    check("1/0%", "division by zero");
    check("1/-0", "division by zero");
    check("0^-1", "division by zero");
    check("1e400", "the value is too large");
    check("1e308 * 10", "the value is too large");
    check("1 / (1e308 * 10)", "the value is too large");
    check("1e308 * 10 - 1e308 * 10", "the value is too large");
    check("9^9^9", "the value is too large");
    check("(-8)^.5", "a fractional power of a negative number is not a real number");
}

#[test]
fn the_tool_tells_bad_arguments_from_failures() {
    assert!(matches!(Calculator.call("1 +"), Err(ToolError::BadArguments { .. })));
    assert!(matches!(Calculator.call("1 / 0"), Err(ToolError::Failed { .. })));
}

#[test]
fn size_is_limited() {
    let deep = |part: &str, n: usize, close: &str| part.repeat(n) + "1" + &close.repeat(n);
    assert_eq!(evaluate(&deep("(", 256, ")")), Ok(1.0));
    assert_eq!(evaluate(&deep("-", 256, "")), Ok(1.0));
    assert_eq!(evaluate(&deep("1^", 256, "")), Ok(1.0));
    assert_eq!(evaluate(&deep("(", 257, ")")), Err(CalculatorError::TooDeep));
    assert_eq!(evaluate(&deep("-", 257, "")), Err(CalculatorError::TooDeep));
    assert_eq!(evaluate(&deep("1^", 257, "")), Err(CalculatorError::TooDeep));
    assert_eq!(evaluate(&deep("-(", 2000, "")), Err(CalculatorError::TooDeep));
    assert_eq!(evaluate(&deep("+", 4095, "")), Ok(1.0));
    assert_eq!(evaluate(&deep("1+", 2047, "")), Ok(2048.0));
    assert_eq!(evaluate(&deep("1%*", 1000, "")).map(|v| v < 1e-300), Ok(true));
    let long = deep("1+", 1_000_000, "");
    assert_eq!(evaluate(&long), Err(CalculatorError::TooLong { length: 2_000_001 }));
}
