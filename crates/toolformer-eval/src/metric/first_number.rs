//! The number that a text gives.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A number: sign, currency, then a mixed number or fraction, or digits with separators and decimals. A sign counts
/// where nothing that could be subtracted from stands before it.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests")]
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let digits = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)";
    Regex::new(&format!(
        r"(?x)
        (?P<sign>[-−])?\s?\p{{Sc}}?\s?(?P<inner_sign>[-−])?
        (?: (?:(?P<whole>[0-9]+)[\ ])?(?P<over>[0-9]+)\s?/\s?(?P<under>[0-9]+)
          | (?P<decimal>{digits}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{{1,3}}\b)?|\.[0-9]+) )"
    ))
    .unwrap()
});

/// The number that an output gives: the first one in it; if the line that this stands in holds an equation, the first
/// one behind its first `=` (section 4.2: of `5 + 3 = 8` it is 8).
///
/// Digits may be grouped by commas; a currency's sign, a `%` and units are passed over; `3/4` and `1 1/2` are
/// fractions; digits within a word, as in `B12`, are no number. A minus is a sign where nothing stands
/// before it that could be subtracted from: `is -5`, but not `10 - 5`, `a-5` or `(3)-5`. The equation is looked for on
/// that line alone, so that what a model goes on to write below does not count.
///
/// ```
/// use toolformer_eval::first_number;
/// assert_eq!(first_number("She has $1,234.50."), Some(1234.5));
/// assert_eq!(first_number("5 + 3 = 8 apples"), Some(8.0));
/// ```
pub fn first_number(output: &str) -> Option<f64> {
    let (at, first) = find_number(output)?;
    let line_start = output[..at].rfind('\n').map_or(0, |end| end + 1);
    let line_end = output[at..].find('\n').map_or(output.len(), |end| at + end);
    let line = &output[line_start..line_end];
    let behind = equals_sign(line).and_then(|sign| find_number(&line[sign + 1..]));
    Some(behind.map_or(first, |(_, number)| number))
}

/// The number that an answer of a data set gives: its first one, `9` of `9 (apples)`.
pub fn number_in(answer: &str) -> Option<f64> {
    find_number(answer).map(|(_, number)| number)
}

/// The first `=` that is no part of another sign.
fn equals_sign(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| b"=<>!".contains(byte));
    let alone = |at: usize| !part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !part(bytes.get(at + 1));
    line.match_indices('=').map(|(at, _)| at).find(|&at| alone(at))
}

/// The first number, and where its digits begin.
fn find_number(text: &str) -> Option<(usize, f64)> {
    let mut from = 0;
    while let Some(found) = NUMBER.captures_at(text, from) {
        let digits = found.name("over").or(found.name("decimal"))?;
        let start = found.name("whole").map_or(digits.start(), |whole| whole.start());
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            from = digits.end();
            continue;
        }
        match value(&found, text) {
            Some(number) => return Some((start, number)),
            // Beyond what a number can be.
            None => from = digits.end(),
        }
    }
    None
}

fn value(found: &Captures<'_>, text: &str) -> Option<f64> {
    let number =
        |name: &str| found.name(name).and_then(|part| part.as_str().replace(',', "").parse::<f64>().ok());
    let magnitude = match (number("over"), number("under"), number("decimal")) {
        (Some(over), Some(under), _) if under != 0.0 => number("whole").unwrap_or(0.0) + over / under,
        // `3/0` is no fraction.
        (Some(over), ..) => number("whole").unwrap_or(over),
        (_, _, decimal) => decimal?,
    };
    let is_sign = |mark: regex::Match<'_>| {
        let before = text[..mark.start()].trim_end_matches(|c: char| c == ' ' || is_currency(c));
        !before.ends_with(|c: char| c.is_alphanumeric() || ")%".contains(c))
            // `is -5`: behind a word and a space, and at the digits at once.
            || (text[..mark.start()].ends_with(' ') && !text[mark.end()..].starts_with(' ') && !ends_in_number(before))
    };
    let negative = found.name("sign").or(found.name("inner_sign")).is_some_and(is_sign);
    Some(if negative { -magnitude } else { magnitude }).filter(|number| number.is_finite())
}

fn is_currency(c: char) -> bool {
    "$€£¥₹".contains(c)
}

fn ends_in_number(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit() || ")%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, expected: impl Into<Option<f64>>) {
        assert_eq!(first_number(output), expected.into(), "{output:?}");
    }

    #[test]
    fn digits_in_all_their_forms() {
        check(" 8.", 8.0);
        check("$1,234.50.", 1234.5);
        check("about 1,234,567 people", 1_234_567.0);
        check("12, 13 and 14", 12.0);
        check("1,23", 1.0);
        check("10000", 10_000.0);
        check(".5 of it", 0.5);
        check("007", 7.0);
        check("50% of", 50.0);
        check("2.5e3 m", 2500.0);
        check("3.", 3.0);
        check("5kg", 5.0);
        check("₹ 40", 40.0);
        check("none at all", None);
        check(&"9".repeat(400), None);
        check(&format!("{} or 7", "9".repeat(400)), 7.0);
        check("٣ = 3", 3.0);
        check("", None);
    }

    #[test]
    fn signs_are_told_from_subtractions_and_hyphens() {
        check("-5", -5.0);
        check("It is -5 degrees", -5.0);
        check("−3.5", -3.5);
        check("-$20", -20.0);
        check("$-20", -20.0);
        check("(-7)", -7.0);
        check("a - 5", 5.0);
        check("COVID-19", 19.0);
        check("x = -2", -2.0);
        check("10-3", 10.0);
    }

    #[test]
    fn fractions() {
        check("3/4 of the cake", 0.75);
        check("1 1/2 hours", 1.5);
        check("-1/2", -0.5);
        check("1/0", 1.0);
        check("24/7", 24.0 / 7.0);
    }

    #[test]
    fn digits_in_words_are_no_numbers() {
        check("vitamin B12 costs 3", 3.0);
        check("x2", None);
        check("a_1 4", 4.0);
    }

    #[test]
    fn behind_an_equals_sign() {
        check("5 + 3 = 8", 8.0);
        check("The answer is 5+3=8.", 8.0);
        check("x = 12", 12.0);
        check("76.0 - 25.0 = $51.00", 51.0);
        check("2 + 2 = four", 2.0);
        check("= 6", 6.0);
        check("3 >= 2", 3.0);
        check("3 == 4", 3.0);
        check("8.\n5 + 4 = 9", 8.0);
        check("So:\n5 + 3 = 8\n1 + 1 = 2", 8.0);
        check("10 - 3 = 7 - 0", 7.0);
    }

    #[test]
    fn answers_of_data_sets() {
        assert_eq!(number_in("9 (apples)"), Some(9.0));
        assert_eq!(number_in("51.0"), Some(51.0));
        assert_eq!(number_in("1/3"), Some(1.0 / 3.0));
        assert_eq!(number_in("unknown"), None);
    }
}
