//! English texts with a passage in another language.

use std::ops::Range;

use super::language::DetectedLanguage;

/// Words of a chunk.
const CHUNK: usize = 10;

/// Words from one chunk to the next: half a chunk, so that a passage of 15 words holds one whole.
const STEP: usize = CHUNK / 2;

/// Words on either side of a chunk by which the language around it is told.
const SIDE: usize = 100;

/// A chunk is foreign where its language is surer than this.
const MIN_CONFIDENCE: f64 = 0.8;

/// Whether a chunk of ten words is in a language other than English, with a confidence above 0.8, and has English
/// before and behind it. A chunk of numbers and signs alone is in no language.
///
/// In writing without spaces, such as Chinese or Thai, every character is a word. `detect` tells the language of a text:
/// [`detect_language`](crate::detect_language), or another.
pub fn holds_a_foreign_passage(text: &str, detect: impl Fn(&str) -> Option<DetectedLanguage>) -> bool {
    let words = words(text);
    let span = |words: &[Range<usize>]| match words {
        [] => "",
        [first, .., last] => &text[first.start..last.end],
        [only] => &text[only.clone()],
    };
    let is_foreign = |chunk: &str| {
        chunk.chars().any(char::is_alphabetic)
            && detect(chunk).is_some_and(|found| !found.is_english() && found.confidence > MIN_CONFIDENCE)
    };
    let is_english = |side: &str| detect(side).is_some_and(|found| found.is_english());
    // At least a word on either side.
    let starts = (1..words.len().saturating_sub(CHUNK)).step_by(STEP);
    starts.into_iter().any(|start| {
        let end = start + CHUNK;
        is_foreign(span(&words[start..end]))
            && is_english(span(&words[start.saturating_sub(SIDE)..start]))
            && is_english(span(&words[end..words.len().min(end + SIDE)]))
    })
}

/// The places of the words.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match words.last_mut() {
            _ if c.is_whitespace() => goes_on = false,
            _ if is_unspaced(c) => {
                words.push(at..end);
                goes_on = false;
            }
            Some(word) if goes_on => word.end = end,
            _ => {
                words.push(at..end);
                goes_on = true;
            }
        }
    }
    words
}

/// Whether a character is of a script that puts no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::{super::language::detect_language, *};

    const BEFORE: &str =
        "On the wall of the old house by the harbour somebody had written these words in red paint:";
    const BEHIND: &str =
        "Nobody in the town knew what that meant, and the children were not told about it either.";
    const GERMAN: &str =
        "Der Hund läuft schnell über die Straße und bellt sehr laut, weil die Katze auf dem Dach sitzt.";

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(holds_a_foreign_passage(text, detect_language), expected, "{text}");
    }

    #[test]
    fn a_foreign_passage_stands_between_english() {
        check(&format!("{BEFORE} {GERMAN} {BEHIND}"), true);
        check(
            &format!(
                "{BEFORE} El perro corre rápido por la calle y ladra muy fuerte porque quiere comer. {BEHIND}"
            ),
            true,
        );
        check(&format!("{BEFORE} 这座城市的历史非常悠久，每年都有很多游客来参观。 {BEHIND}"), true);
        check(&format!("{BEFORE} {BEHIND}"), false);
        check(GERMAN, false);
        check(&format!("{GERMAN} {BEHIND}"), false);
        check(&format!("{BEFORE} {GERMAN}"), false);
        check(&format!("{BEFORE} Der Hund läuft. {BEHIND}"), false);
        check("", false);
    }

    #[test]
    fn numbers_and_signs_are_no_passage() {
        let sure = |text: &str| {
            let code = if text.contains('e') { "eng" } else { "deu" };
            Some(DetectedLanguage { code, confidence: 1.0 })
        };
        let with = |passage: &str| format!("we see {passage} there we were");
        assert!(!holds_a_foreign_passage(&with(&"12 + % ".repeat(10)), sure));
        assert!(holds_a_foreign_passage(&with(&"12 + u ".repeat(10)), sure));
    }

    #[test]
    fn the_confidence_must_be_above_the_threshold() {
        let with = |confidence: f64| {
            move |text: &str| {
                let code = if text.contains('e') { "eng" } else { "deu" };
                Some(DetectedLanguage { code, confidence })
            }
        };
        let text = format!("we see {}there we were", "und ".repeat(20)).replace("und", "ab");
        assert!(holds_a_foreign_passage(&text, with(0.81)));
        assert!(!holds_a_foreign_passage(&text, with(0.8)));
    }

    #[test]
    fn words_are_cut_at_spaces_and_within_han() {
        let cut = |text: &'static str| words(text).into_iter().map(|word| &text[word]).collect::<Vec<_>>();
        assert_eq!(cut(" ab  c-d "), ["ab", "c-d"]);
        assert_eq!(cut("ab中文c d"), ["ab", "中", "文", "c", "d"]);
    }
}
