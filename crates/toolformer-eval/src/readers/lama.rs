//! LAMA (Petroni et al. 2019): statements with a masked word.
//!
//! SQuAD and Google-RE have `masked_sentences`, T-REx `evidences` with a `masked_sentence` each; the rows of the hub
//! have one `masked_sentence`. The answer is `obj_label`.

use serde_json::Value;

use super::{Reading, RowView};
use crate::{EvalError, Item, LamaTexts};

const MASK: &str = "[MASK]";

pub(super) fn item(row: &RowView<'_>, texts: &LamaTexts) -> Result<Reading, EvalError> {
    let answer = row.text(&["obj_label"])?;
    let relation = row.optional_text(&["predicate_id", "pred", "relation"]);
    let template = relation.as_ref().and_then(|relation| texts.templates.get(relation));
    let text = match template {
        Some(template) => {
            let subject = row.text(&["sub_label"])?;
            before_final_mask(&template.replace("[X]", &subject), "[Y]")
        }
        None => sentences(row)?.iter().find_map(|sentence| before_final_mask(sentence, MASK)),
    };
    let Some(text) = text else { return Ok(Reading::LeftOut("the mask is not at the end")) };
    let item = Item::new(row.id(&["uuid", "id"]), vec![answer]).with("text", text);
    Ok(Reading::Item(Item { category: relation, ..item }))
}

/// The sentences, any of which may be asked; several `masked_sentences` are one text.
fn sentences(row: &RowView<'_>) -> Result<Vec<String>, EvalError> {
    const FIELDS: &[&str] = &["masked_sentences", "masked_sentence", "evidences"];
    let Some((field, value)) = row.first_of(FIELDS) else { return Err(row.missing(FIELDS)) };
    let masked = |evidence: &Value| evidence["masked_sentence"].as_str().map(str::to_owned);
    let found = match (field, value) {
        ("evidences", Value::Array(evidences)) => evidences.iter().map(masked).collect::<Option<Vec<_>>>(),
        ("evidences", _) => None,
        _ => return Ok(vec![row.texts(&[field])?.join(" ")]),
    };
    found.ok_or_else(|| row.wrong("evidences", "is no list of objects with a `masked_sentence`; write one"))
}

/// What stands before the only mask, where nothing but punctuation follows it.
pub(super) fn before_final_mask(text: &str, mask: &str) -> Option<String> {
    let (before, behind) = text.split_once(mask)?;
    let ends = behind.chars().all(|c| c.is_whitespace() || ".,;:!?\"')”’".contains(c));
    let before = before.trim();
    (ends && !before.is_empty()).then(|| before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(before_final_mask(text, MASK).as_deref(), expected);
    }

    #[test]
    fn only_a_final_mask_is_asked() {
        check("Dante was born in [MASK] .", Some("Dante was born in"));
        check("Dante was born in [MASK]", Some("Dante was born in"));
        check("He said \"[MASK].\"", Some("He said \""));
        check("In [MASK] Dante was born.", None);
        check("[MASK] and [MASK]", None);
        check("[MASK].", None);
        check("no mask", None);
    }
}
