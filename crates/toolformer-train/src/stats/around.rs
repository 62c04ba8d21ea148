//! The piece of a text around a place.

/// Most characters before the place.
const BEFORE: usize = 140;
/// Most characters behind it.
const BEHIND: usize = 140;
/// Stands where a text was cut.
const CUT: char = '…';

/// What stands before and behind byte `position`, cut to a piece that can be read at a glance; none if that is no place
/// of the text.
pub(super) fn around(text: &str, position: usize) -> Option<[String; 2]> {
    let (before, behind) = text.split_at_checked(position)?;
    let mut piece: String = before.chars().rev().take(BEFORE).collect::<Vec<_>>().into_iter().rev().collect();
    if piece.len() < before.len() {
        piece.insert(0, CUT);
    }
    let mut rest: String = behind.chars().take(BEHIND).collect();
    if rest.len() < behind.len() {
        rest.push(CUT);
    }
    Some([piece, rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, position: usize, expected: Option<[&str; 2]>) {
        assert_eq!(around(text, position), expected.map(|pieces| pieces.map(str::to_owned)));
    }

    #[test]
    fn pieces_are_cut_at_characters() {
        check("ab", 1, Some(["a", "b"]));
        check("äb", 1, None);
        check("ab", 3, None);
        let long = "ä".repeat(500);
        let [before, behind] = around(&long, 900).unwrap();
        assert!(before.starts_with("…ä") && before.chars().count() == BEFORE + 1);
        assert_eq!(behind, "ä".repeat(50));
        let [before, behind] = around(&long, 20).unwrap();
        assert!(behind.ends_with("ä…") && behind.chars().count() == BEHIND + 1);
        assert_eq!(before, "ä".repeat(10));
    }
}
