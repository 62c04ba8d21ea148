//! Answers within words.

use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests")]
mod patterns {
    use super::{LazyLock, Regex};

    /// What joins two words into one.
    pub(super) static JOINTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{Pd}/_]").unwrap());
    pub(super) static PUNCTUATION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\p{P}$+<=>^`|~]").unwrap());
    /// Scripts that are written without spaces.
    pub(super) static NO_SPACES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]").unwrap()
    });
}

const ARTICLES: &[&str] = &["a", "an", "the"];

/// The words of a text as answers are compared by: in lower case, without punctuation and the articles `a`, `an` and
/// `the`, as in the evaluations of SQuAD and TriviaQA (the paper does not say what it does). Hyphens, dashes and
/// slashes separate words. A text that has nothing else keeps its articles.
///
/// ```
/// assert_eq!(toolformer_eval::normalized_words("The U.S. — Jean-Luc's!"), ["us", "jean", "lucs"]);
/// ```
pub fn normalized_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let apart = patterns::JOINTS.replace_all(&lower, " ");
    let bare = patterns::PUNCTUATION.replace_all(&apart, "");
    let words = || bare.split_whitespace().map(str::to_owned);
    let named: Vec<String> = words().filter(|word| !ARTICLES.contains(&word.as_str())).collect();
    if named.is_empty() { words().collect() } else { named }
}

/// Whether the words of `answer` stand in `text` one behind the other, both taken as [`normalized_words`] gives them.
/// Of scripts without spaces between words, such as Chinese, whether its characters do. An answer that is punctuation
/// alone has to stand there as it is.
///
/// ```
/// use toolformer_eval::contains_answer;
/// assert!(contains_answer("in the United States, since", "United States"));
/// assert!(!contains_answer("Parisian", "Paris"));
/// ```
pub fn contains_answer(text: &str, answer: &str) -> bool {
    let (words, wanted) = (normalized_words(text), normalized_words(answer));
    if wanted.is_empty() {
        let answer = answer.trim();
        return !answer.is_empty() && text.contains(answer);
    }
    if patterns::NO_SPACES.is_match(answer) {
        return words.concat().contains(&wanted.concat());
    }
    words.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, answer: &str, expected: bool) {
        assert_eq!(contains_answer(text, answer), expected, "{answer:?} in {text:?}");
    }

    #[test]
    fn words_are_compared_without_case_punctuation_and_articles() {
        check("It was (the) \"Beatles\".", "The Beatles", true);
        check("Beatles", "the beatles", true);
        check("Who, if not the Who?", "The Who", true);
        check("in 1,200 B.C.", "1200", true);
        check("jean luc", "Jean-Luc", true);
        check("Dr Who's", "dr. whos", true);
        check("États-Unis", "états unis", true);
        check("a big apple", "big, an apple", true);
        check("York New", "New York", false);
        check("12th", "12", false);
        check("The The", "The The", true);
        check("of a", "A", false);
        check("A", "A", true);
        check("what", "", false);
        check("so: !!!", "!!!", true);
        check("so", "!!!", false);
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_characters() {
        check("答案是北京。", "北京", true);
        check("答案是南京。", "北京", false);
        check("उत्तर दिल्ली है", "दिल्ली", true);
    }
}
