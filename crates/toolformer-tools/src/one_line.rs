//! Texts on one line, cut at the border of a word.

/// The text with every run of white space as one space; or as many whole words of it as `max_chars` characters hold,
/// the last of which is then `…`. A first word that is longer is cut in its middle.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(max_chars) else { return line };
    // The mark takes the place of the last character that would fit.
    let Some((room, last)) = line[..end].char_indices().next_back() else { return String::new() };
    let kept = &line[..room];
    let whole = if last == ' ' { kept } else { kept.rsplit_once(' ').map_or(kept, |(whole, _)| whole) };
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, max_chars: usize, expected: &str) {
        assert_eq!(one_line(text, max_chars), expected);
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
        check("ab", 1, "…");
        check("abc", 0, "");
    }
}
