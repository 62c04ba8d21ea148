//! Foreign texts made fit to be shown: on one line, without what a terminal would obey, and not too long.

use toolformer_text::is_shown;

/// The text with every run of white space, control characters and marks of direction as one space, and none at its
/// ends. What is left of an escape sequence is plain text.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || !is_shown(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What a server says, as it may stand in an error or a description: on one line, and its beginning if it is long.
#[cfg(feature = "mcp")]
pub(crate) fn said(text: &str) -> String {
    beginning(text, 500)
}

/// The text on one line; of one that has more than `max_chars` characters as many whole words as fit with a `…` behind
/// them. A long word at the end is cut in its middle.
#[cfg(any(feature = "http", feature = "search"))]
pub(crate) fn beginning(text: &str, max_chars: usize) -> String {
    let line = one_line(text);
    let Some((end, _)) = line.char_indices().nth(max_chars) else { return line };
    // The mark takes the place of the last character that would fit.
    let Some((room, last)) = line[..end].char_indices().next_back() else { return String::new() };
    let kept = &line[..room];
    let words = kept.rsplit_once(' ').map(|(words, _)| words);
    let whole = match words.filter(|words| words.len() >= kept.len() / 2) {
        Some(words) if last != ' ' => words,
        _ => kept,
    };
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':']))
}

/// The end of the text on one line, at most `max_chars` characters of it behind a `…`: programs say last why they stop.
pub(crate) fn end(text: &str, max_chars: usize) -> String {
    let line = one_line(text);
    match line.char_indices().rev().nth(max_chars.saturating_sub(1)) {
        Some((start, _)) if start > 0 => format!("…{}", &line[start..]),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}[31mc\u{7f}d\u{9b}e\u{2028}f "), "a b [31mc d e f");
        assert_eq!(one_line("safe\u{202e}txt.exe\u{202c} \u{2066}x\u{2069}"), "safe txt.exe x");
        assert_eq!(one_line("\u{0}\n"), "");
        assert_eq!(one_line("größe 日本"), "größe 日本");
    }

    #[test]
    fn ends_are_cut_at_characters() {
        assert_eq!(end("a\n b\u{1b}c ", 10), "a b c");
        assert_eq!(end("abcdé", 2), "…dé");
        assert_eq!(end("é", 1), "é");
        assert_eq!(end("", 3), "");
    }

    #[cfg(any(feature = "http", feature = "search"))]
    mod beginnings {
        #[track_caller]
        fn check(text: &str, max_chars: usize, expected: &str) {
            assert_eq!(super::beginning(text, max_chars), expected);
            assert!(expected.chars().count() <= max_chars);
        }

        #[test]
        fn a_text_that_fits_is_kept() {
            check("", 0, "");
            check("", 5, "");
            check("abc", 3, "abc");
            check(" a b ", 3, "a b");
            check("a\n\n\tb", 3, "a b");
            check("über", 4, "über");
        }

        #[test]
        fn words_are_whole() {
            check("one two three", 12, "one two…");
            check("one two three", 8, "one two…");
            check("one two three", 7, "one…");
            check("one two three", 4, "one…");
            check("one, two", 5, "one…");
            check("größe über", 9, "größe…");
        }

        #[test]
        fn a_long_word_is_cut() {
            check("one two three", 3, "on…");
            check("abcdef", 4, "abc…");
            check("äöüäöü", 4, "äöü…");
            check("error: {\"message\":\"no\"}", 16, "error: {\"messag…");
            check("ab", 1, "…");
            check("abc", 0, "");
        }
    }
}
