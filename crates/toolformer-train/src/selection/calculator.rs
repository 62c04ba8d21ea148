//! Texts in which something is computed.

use crate::numbers::number_values;

/// Words of a window.
const WINDOW: usize = 100;

/// What stands before a result.
const BEFORE_A_RESULT: [&str; 5] = ["=", "equals", "equal to", "total of", "average of"];

/// What may stand between these and the number's digits.
const BEFORE_DIGITS: [char; 8] = ['$', '€', '£', '¥', '-', '−', '+', '('];

/// A number of a text.
#[derive(Clone, Copy)]
struct Number {
    /// Index of the word that it stands in.
    word: usize,
    value: f64,
}

/// Whether three numbers stand within 100 words of which one is the sum, difference, product or quotient of the two
/// others.
///
/// A result may be rounded to two decimals, as the calculator does. What says nothing does not count: 0 is no number
/// here, and a product or a quotient has no 1 in it.
pub fn holds_a_computed_number(text: &str) -> bool {
    let numbers: Vec<Number> = numbers(text).filter(|number| number.value != 0.0).collect();
    // Every three numbers are looked at once, from the first of them.
    numbers.iter().enumerate().any(|(i, first)| {
        let behind = &numbers[i + 1..];
        let near = &behind[..behind.partition_point(|number| number.word - first.word < WINDOW)];
        near.iter().enumerate().any(|(j, second)| {
            near[j + 1..].iter().any(|third| is_computed([first.value, second.value, third.value]))
        })
    })
}

/// Whether a number stands right behind `=`, `equals`, `equal to`, `total of` or `average of`, in whatever case.
pub fn gives_a_result(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    BEFORE_A_RESULT.iter().any(|before| {
        text.match_indices(before).any(|(at, _)| {
            let behind = text[at + before.len()..].trim_start().trim_start_matches(BEFORE_DIGITS);
            behind.trim_start().starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// Whether a text holds three numbers at all; of those that pass nothing else, the paper takes a hundredth.
pub fn holds_three_numbers(text: &str) -> bool {
    numbers(text).nth(2).is_some()
}

fn numbers(text: &str) -> impl Iterator<Item = Number> + '_ {
    let words = text.split_whitespace().enumerate();
    words.flat_map(|(word, text)| number_values(text).map(move |value| Number { word, value }))
}

/// Whether one of three numbers is computed from the two others.
fn is_computed([a, b, c]: [f64; 3]) -> bool {
    // A difference is a sum seen from elsewhere, but a rounded quotient is no product.
    let of_two = |a: f64, b: f64, result: f64| {
        let has_one = a == 1.0 || b == 1.0 || result == 1.0;
        is_result(a + b, result)
            || (!has_one && [a * b, a / b, b / a].into_iter().any(|computed| is_result(computed, result)))
    };
    of_two(a, b, c) || of_two(a, c, b) || of_two(b, c, a)
}

/// Whether `written` is a computed value, in full or rounded to two decimals.
fn is_result(computed: f64, written: f64) -> bool {
    let same = |value: f64| (value - written).abs() <= 1e-9 * written;
    same(computed) || same((computed * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_computed(text: &str, expected: bool) {
        assert_eq!(holds_a_computed_number(text), expected, "{text}");
    }

    #[test]
    fn one_number_is_computed_from_two_others() {
        check_computed("64 boards a day, in 23 days 1472 boards", true);
        check_computed("9,525 visitors, of which 5,318 in May and 4,207 in June", true);
        check_computed("400 of 1400 passed, which is 0.29 of them", true);
        check_computed("of 7350 seedlings 1864 froze, so 5486 are left", true);
        check_computed("1.5 times 2.25 is 3.375", true);
        check_computed("400 of 1400 passed, which is 0.3 of them", false);
        check_computed("born in 1867, married in 1895, died in 1934", false);
        check_computed("12 and 24", false);
        check_computed("12 and 12", false);
    }

    #[test]
    fn what_says_nothing_is_no_computation() {
        check_computed("chapter 1 of 1984 was written in 1984", false);
        check_computed("0 and 1984 and 1984", false);
        check_computed("1 and 2 and 3", true);
    }

    #[test]
    fn the_window_is_a_hundred_words_wide() {
        let apart = |words: usize| format!("17 and 25 {}42", "so ".repeat(words));
        check_computed(&apart(96), true);
        check_computed(&apart(97), false);
    }

    #[track_caller]
    fn check_result(text: &str, expected: bool) {
        assert_eq!(gives_a_result(text), expected, "{text}");
    }

    #[test]
    fn a_number_stands_behind_a_word_for_results() {
        check_result("x = 5", true);
        check_result("48/2=24", true);
        check_result("this equals about 12", false);
        check_result("This Equals 12.", true);
        check_result("is equal to -3", true);
        check_result("a total of $1,200", true);
        check_result("an average of\n3.5 goals", true);
        check_result("a total of twelve", false);
        check_result("equal to none, 12", false);
        check_result("=", false);
        check_result("12 and 24 and 36", false);
    }

    #[test]
    fn three_numbers_are_three() {
        assert!(holds_three_numbers("born 1867, died 1934, aged 66"));
        assert!(holds_three_numbers("1,2,3"));
        assert!(!holds_three_numbers("born 1867, died 1934"));
    }
}
