//! NQ-open (Lee et al. 2019): `question` and a list `answer`.

use super::{Reading, RowView, with_question_mark};
use crate::{EvalError, Item};

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let question = with_question_mark(&row.text(&["question"])?);
    let answers = row.texts(&["answer", "answers"])?;
    Ok(Reading::Item(Item::new(row.id(&["id"]), answers).with("question", question)))
}
