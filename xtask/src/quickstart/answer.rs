//! Whether a completion answers its sum.

use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    /// A minus belongs to the number where nothing that it could be subtracted from stands before it.
    pub(super) static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:(?:^|[\s(=$])-)?\d[\d,]*(?:\.\d+)?").unwrap());
}

/// Half of the last digit of an answer with two decimals.
const TOLERANCE: f64 = 0.005;
/// So that a difference of exactly half a cent, which floating point blurs, still counts.
const SLACK: f64 = 1e-9;

/// Whether the first number of the completion, calls left out, is the answer: exactly if the answer is whole,
/// else to two decimals.
///
/// A tool's result counts only if the text repeats it: what stands inside a call is not read.
pub(crate) fn is_right(completion: &str, answer: &str) -> bool {
    let Some(answer) = first_number(answer) else { return false };
    let tolerance = if answer.fract() == 0.0 { 0.0 } else { TOLERANCE };
    first_number(&without_calls(completion)).is_some_and(|given| (given - answer).abs() <= tolerance + SLACK)
}

/// The text without anything in square brackets; a call that was cut off goes up to the end.
fn without_calls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth > 0 => {
                depth -= 1;
                // Two words that the call kept apart must not become one.
                kept.push(' ');
            }
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// The first number: commas removed, a full stop after it not taken for its decimal point.
fn first_number(text: &str) -> Option<f64> {
    let number = patterns::NUMBER.find(text)?.as_str();
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || "-.".contains(*c)).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn right(completion: &str, answer: &str) {
        assert!(is_right(completion, answer), "{completion:?} is {answer}");
    }

    #[track_caller]
    fn wrong(completion: &str, answer: &str) {
        assert!(!is_right(completion, answer), "{completion:?} is not {answer}");
    }

    #[test]
    fn the_first_number_counts() {
        right(" 1776 jars, or 20 pallets.", "1776");
        right(" $1,776.", "1776");
        right(" exactly 1,776, no more", "1776");
        right(" 1776.00 euros", "1776");
        wrong(" 20 pallets of 1776 jars", "1776");
        wrong(" 1777", "1776");
        wrong(" 1776.004", "1776");
        wrong(" a lot of jars", "1776");
        wrong("", "1776");
    }

    #[test]
    fn calls_are_not_read() {
        right(" [Calculator(37 * 48) -> 1776] 1776 jars", "1776");
        wrong(" [Calculator(37 * 48) -> 1776] jars", "1776");
        wrong(" [Calculator(37 * 48) -> 1776] 12 jars", "1776");
        right(" 1776 [Calculator(1 + 1) -> 2] jars", "1776");
        right(" about[Calculator(2) -> 2]1776", "1776");
        wrong(" [Calculator(1776", "1776");
        right(" [A([1, 2]) -> 3] 1776", "1776");
        right("] 1776", "1776");
    }

    #[test]
    fn decimals_are_compared_to_half_a_cent() {
        right(" 12.75", "12.75");
        right(" 12.755", "12.75");
        right(" 12.7467", "12.75");
        wrong(" 12.76", "12.75");
        wrong(" 12", "12.75");
        right(" 0.5 litres", "0.50");
    }

    #[test]
    fn a_minus_is_told_from_a_dash() {
        right(" -17 degrees", "-17");
        right("-17", "-17");
        wrong(" 17", "-17");
        right(" from the A-17", "17");
    }
}
