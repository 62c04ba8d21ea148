//! WebQuestions (Berant et al. 2013), as it was published and as the hub has it.

use std::sync::LazyLock;

use regex::Regex;

use super::{Reading, RowView, with_question_mark};
use crate::{EvalError, Item};

/// `(description "Padmé Amidala")` or `(description Japan)`.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests")]
static DESCRIPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\(description\s+(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^()"]+))\)"#).unwrap()
});

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let question = with_question_mark(&row.text(&["question", "utterance"])?);
    let answers = match row.optional_text(&["targetValue"]) {
        Some(list) => {
            let answers = descriptions(&list);
            if answers.is_empty() {
                return Err(row.wrong("targetValue", "is no `(list (description ...))`; write one"));
            }
            answers
        }
        None => row.texts(&["answers", "answer"])?,
    };
    Ok(Reading::Item(Item::new(row.id(&["id"]), answers).with("question", question)))
}

fn descriptions(list: &str) -> Vec<String> {
    let text = |found: regex::Captures<'_>| match found.name("quoted") {
        Some(quoted) => quoted.as_str().replace("\\\"", "\"").replace("\\\\", "\\"),
        None => found["bare"].trim().to_owned(),
    };
    DESCRIPTION.captures_iter(list).map(text).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_quoted_where_they_hold_a_space() {
        let list =
            r#"(list (description "Anna (\"Ann\") Lee") (description Japan) (description "L'Aquila"))"#;
        assert_eq!(descriptions(list), ["Anna (\"Ann\") Lee", "Japan", "L'Aquila"]);
        assert_eq!(descriptions("(list)"), [""; 0]);
    }
}
