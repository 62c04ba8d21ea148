//! Arithmetic that remembers what went wrong, and how exmex is told about it.

use std::{num::ParseFloatError, str::FromStr};

use exmex::{BinOp, MakeOperators, MatchLiteral, Operator};

use super::error::CalculatorError;

/// A finite number, or the first fault on the way to it. Without it `1 / (1 / 0)` would be 0.
#[derive(Debug, Clone)]
pub(crate) struct Checked(Result<f64, CalculatorError>);

impl Checked {
    pub(crate) fn value(self) -> Result<f64, CalculatorError> {
        self.0
    }

    fn combine(self, other: Self, f: fn(f64, f64) -> Result<f64, CalculatorError>) -> Self {
        let value = self.0.and_then(|x| other.0.and_then(|y| f(x, y)));
        Self(value.and_then(|value| match value {
            value if value.is_nan() => Err(CalculatorError::NotReal),
            value if value.is_infinite() => Err(CalculatorError::Overflow),
            value => Ok(value),
        }))
    }
}

impl Default for Checked {
    fn default() -> Self {
        Self(Ok(0.0))
    }
}

impl FromStr for Checked {
    type Err = ParseFloatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|value| Self(Ok(value)))
    }
}

/// The numbers that `arrange` writes: digits, a point, and always an exponent, as in `1.5e-3`.
#[derive(Debug, Clone)]
pub(crate) struct Literals;

impl MatchLiteral for Literals {
    fn is_literal(text: &str) -> Option<&str> {
        let mantissa = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|&end| end > 0)?;
        let exponent = text[mantissa..].strip_prefix('e')?;
        let unsigned = exponent.strip_prefix('-').unwrap_or(exponent);
        let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
        Some(&text[..text.len() - rest.len()])
    }
}

/// The operators, loosest first. `%` is only ever followed by a hundred.
#[derive(Debug, Clone)]
pub(crate) struct Operators;

impl MakeOperators<Checked> for Operators {
    fn make<'a>() -> Vec<Operator<'a, Checked>> {
        // `is_commutative` lets exmex take `1 + 1` before `5 - 1` in `5 - 1 + 1`: never say so.
        let binary =
            |apply: fn(Checked, Checked) -> Checked, prio| BinOp { apply, prio, is_commutative: false };
        let minus = binary(|x, y| x.combine(y, |x, y| Ok(x - y)), 0);
        vec![
            Operator::make_bin("+", binary(|x, y| x.combine(y, |x, y| Ok(x + y)), 0)),
            Operator::make_bin_unary("-", minus, |x| Checked(x.0.map(|x| -x))),
            Operator::make_bin("*", binary(|x, y| x.combine(y, |x, y| Ok(x * y)), 1)),
            Operator::make_bin("/", binary(|x, y| x.combine(y, divide), 1)),
            Operator::make_bin("^", binary(|x, y| x.combine(y, power), 2)),
            Operator::make_bin("%", binary(|x, y| x.combine(y, divide), 3)),
        ]
    }
}

fn divide(x: f64, y: f64) -> Result<f64, CalculatorError> {
    if y == 0.0 { Err(CalculatorError::DivisionByZero) } else { Ok(x / y) }
}

fn power(x: f64, y: f64) -> Result<f64, CalculatorError> {
    if x == 0.0 && y < 0.0 { Err(CalculatorError::DivisionByZero) } else { Ok(x.powf(y)) }
}
