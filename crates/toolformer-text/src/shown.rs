//! What may be shown of a foreign text.

/// Whether a character shows as what it is: control characters do not, nor line ends of Unicode's own, nor marks of
/// direction, which turn the text around them about so that it reads as another.
///
/// ```
/// use toolformer_text::is_shown;
/// assert!(is_shown('é') && !is_shown('\u{1b}') && !is_shown('\u{202e}'));
/// ```
pub fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !matches!(c, '\u{2028}' | '\u{2029}')
}
