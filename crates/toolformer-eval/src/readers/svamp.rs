//! SVAMP (Patel et al. 2021).

use super::{Reading, RowView};
use crate::{EvalError, Item};

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let answer = row.text(&["Answer"])?;
    if answer.trim().parse::<f64>().is_err() {
        return Err(row.wrong("Answer", format!("is `{answer}`, which is no number; write one")));
    }
    let item = Item::new(row.id(&["ID"]), vec![answer])
        .with("body", row.text(&["Body"])?.trim())
        .with("question", row.text(&["Question"])?.trim());
    Ok(Reading::Item(Item { category: row.optional_text(&["Type"]), ..item }))
}
