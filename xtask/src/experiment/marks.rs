//! The calculations that GSM8K's authors marked in their worked answers: `48/2 = <<48/2=24>>24 clips`.

/// A calculation that was marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// Byte of the text without marks before which it stood.
    pub(super) position: usize,
    /// What was calculated.
    pub(super) result: f64,
}

/// A worked answer without its marks and its last line, `#### 24`, and the marks.
pub(super) fn without_marks(answer: &str) -> (String, Vec<Mark>) {
    let worked = answer.split("\n####").next().unwrap_or_default().trim_end();
    let (mut text, mut marks) = (String::new(), Vec::new());
    let mut rest = worked;
    while let Some((before, mark, behind)) = rest
        .split_once("<<")
        .and_then(|(before, rest)| rest.split_once(">>").map(|(mark, behind)| (before, mark, behind)))
    {
        text.push_str(before);
        if let Some(result) = mark.rsplit_once('=').and_then(|(_, result)| number(result)) {
            marks.push(Mark { position: text.len(), result });
        }
        rest = behind;
    }
    text.push_str(rest);
    (text, marks)
}

/// `1,200.5` and `.5` as they are; nothing that is no number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().replace(',', "").parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out() {
        let (text, marks) = without_marks(
            "Sold 48/2 = $<<48/2=24>>24 a day.\nIn all 24*.5=<<24*.5=12>>12, <<x>>so 1 << 2.\n#### 12",
        );
        assert_eq!(text, "Sold 48/2 = $24 a day.\nIn all 24*.5=12, so 1 << 2.");
        assert_eq!(marks, [Mark { position: 13, result: 24.0 }, Mark { position: 36, result: 12.0 }]);
        assert!(text[13..].starts_with("24") && text[36..].starts_with("12"));
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(number("1,200.5"), Some(1200.5));
        assert_eq!(number(" .5"), Some(0.5));
        assert_eq!((number("x"), number("inf")), (None, None));
    }
}
