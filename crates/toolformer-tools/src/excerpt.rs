//! Long texts cut for an error.

/// The beginning of `text` on one line, at most `max_chars` characters.
#[cfg(feature = "http")]
pub(crate) fn beginning(text: &str, max_chars: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The end of `text` on one line, at most `max_chars` characters: programs say last why they stop.
pub(crate) fn end(text: &str, max_chars: usize) -> String {
    let line = one_line(text);
    match line.char_indices().rev().nth(max_chars.saturating_sub(1)) {
        Some((start, _)) if start > 0 => format!("…{}", &line[start..]),
        _ => line,
    }
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_cut_at_characters() {
        assert_eq!(end("a\n b\u{1b}c ", 10), "a b c");
        assert_eq!(end("abcdé", 2), "…dé");
        assert_eq!(end("é", 1), "é");
        assert_eq!(end("", 3), "");
    }

    #[cfg(feature = "http")]
    #[test]
    fn beginnings_are_cut_at_characters() {
        assert_eq!(beginning("éabc", 1), "é…");
        assert_eq!(beginning("abc", 3), "abc");
    }
}
