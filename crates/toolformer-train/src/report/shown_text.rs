//! Texts of strangers as they may stand on a page.

/// `text` without control characters, which no page may hold, and cut to so many characters. Line ends stay.
pub(super) fn shown(text: &str, most: usize) -> String {
    let mut chars =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c });
    let mut shown: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_long_texts_are_cut() {
        assert_eq!(shown("a\u{0}\u{1b}\nb", 9), "a\u{fffd}\u{fffd}\nb");
        assert_eq!(shown("äöü", 2), "äö…");
        assert_eq!(shown("äö", 2), "äö");
    }
}
