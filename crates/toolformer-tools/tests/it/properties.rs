//! What holds for every expression.

use proptest::prelude::*;
use toolformer_text::{Syntax, Tool, parse};
use toolformer_tools::{Calculator, evaluate, format_value};

/// Well-formed expressions, without needless parentheses of our own.
fn expression() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (0..20u32).prop_map(|n| n.to_string()),
        (0..1_000_000u32).prop_map(|n| format!("{}.{:02}", n / 100, n % 100)),
        (1..999u32, 0..999u32).prop_map(|(a, b)| format!("{a},{b:03}")),
        (0..9u32, -5..5i32).prop_map(|(m, e)| format!("{m}e{e}")),
        (0..99u32).prop_map(|n| format!("${n}")),
        (0..99u32).prop_map(|n| format!(".{n}")),
    ];
    number.prop_recursive(6, 48, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", " - ", "*", "/", " x ", "^", "**", " ÷ ", "−"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a}{o}{b}")),
            2 => inner.clone().prop_map(|a| format!("({a})")),
            1 => inner.clone().prop_map(|a| format!("-{a}")),
            1 => inner.clone().prop_map(|a| format!("+ {a}")),
            1 => inner.prop_map(|a| format!("{a}%")),
        ]
    })
}

/// Anything made of what expressions are made of.
fn scramble() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "1", "2", "0", ".", ",", "000", "e", "x", "+", "-", "*", "/", "^", "%", "(", ")", " ", "$", "×",
        "3.5", "(2)", "-1",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(expression in expression()) {
        prop_assert_eq!(evaluate(&expression).ok(), crate::oracle::evaluate(&expression), "{}", expression);
    }

    #[test]
    fn refuses_what_the_oracle_refuses(expression in scramble()) {
        prop_assert_eq!(evaluate(&expression).ok(), crate::oracle::evaluate(&expression), "{}", expression);
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = Calculator.call(&text);
    }

    #[test]
    fn prints_what_can_be_read_back(value in prop::num::f64::NORMAL) {
        let printed = format_value(value);
        let read: f64 = printed.parse().unwrap();
        prop_assert!((read - value).abs() <= 0.005 + 1e-9 + value.abs() * f64::EPSILON, "{} {}", value, printed);
        prop_assert!(!printed.starts_with("-0") || read < 0.0);
    }

    #[test]
    fn results_stand_in_a_call(expression in expression()) {
        if let Ok(result) = Calculator.call(&expression) {
            let syntax = Syntax::default();
            let text = syntax.call_with_result("Calculator", &expression, &result);
            let document = parse(&text, &syntax);
            prop_assert_eq!(document.calls()[0].result.as_deref(), Some(result.as_str()));
            prop_assert_eq!(&document.calls()[0].args, &expression);
        }
    }
}
