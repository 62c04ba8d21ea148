//! JSON as of SQuAD, which MLQA (Lewis et al. 2019) has too: paragraphs with questions. Rows of the hub are flat, a
//! question each.

use std::collections::HashMap;

use serde_json::Value;

use super::{Reading, RowView, row_view::for_rows, row_view::texts_of, with_question_mark};
use crate::{EvalError, Item, ItemSet};

pub(super) fn read(data: &str) -> Result<ItemSet, EvalError> {
    let mut set = ItemSet::default();
    for_rows(data, Some("data"), |row| match row.get("paragraphs") {
        Some(paragraphs) => article(row, paragraphs, &mut set),
        None => {
            let answers = row.texts(&["answers.text", "answers"])?;
            let item = Item::new(row.id(&["id"]), answers)
                .with("context", row.text(&["context"])?.trim())
                .with("question", with_question_mark(&row.text(&["question"])?));
            set.add(Reading::Item(item));
            Ok(())
        }
    })?;
    // The questions about one paragraph are a cluster.
    let mut number_of: HashMap<String, usize> = HashMap::new();
    for item in &mut set.items {
        let next = number_of.len() + 1;
        let number = *number_of.entry(item.fields["context"].clone()).or_insert(next);
        item.cluster = Some(number.to_string());
    }
    Ok(set)
}

fn article(row: &RowView<'_>, paragraphs: &Value, set: &mut ItemSet) -> Result<(), EvalError> {
    let wrong =
        |field: &str| row.wrong(field, "is missing or of another kind; write it as SQuAD's JSON has it");
    for paragraph in paragraphs.as_array().ok_or_else(|| wrong("paragraphs"))? {
        let context = paragraph["context"].as_str().ok_or_else(|| wrong("paragraphs.context"))?;
        for asked in paragraph["qas"].as_array().ok_or_else(|| wrong("paragraphs.qas"))? {
            let question = asked["question"].as_str().ok_or_else(|| wrong("paragraphs.qas.question"))?;
            let id = asked["id"].as_str().ok_or_else(|| wrong("paragraphs.qas.id"))?;
            let given = asked["answers"].as_array().ok_or_else(|| wrong("paragraphs.qas.answers"))?;
            if given.is_empty() {
                set.add(Reading::LeftOut("it has no answer"));
                continue;
            }
            let texts = given.iter().map(|answer| texts_of(&answer["text"])).collect::<Option<Vec<_>>>();
            let mut answers = texts.ok_or_else(|| wrong("paragraphs.qas.answers.text"))?.concat();
            let mut seen = std::collections::HashSet::new();
            answers.retain(|answer| seen.insert(answer.clone()));
            let item = Item::new(id, answers)
                .with("context", context.trim())
                .with("question", with_question_mark(question));
            set.add(Reading::Item(item));
        }
    }
    Ok(())
}
