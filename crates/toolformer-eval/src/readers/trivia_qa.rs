//! TriviaQA (Joshi et al. 2017), as it was published and as the hub has it: the answer's value and all its aliases.

use super::{Reading, RowView, row_view::texts_of, with_question_mark};
use crate::{EvalError, Item};

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let question = with_question_mark(&row.text(&["Question", "question"])?);
    let mut answers = row.texts(&["Answer.Value", "answer.value"])?;
    if let Some((_, aliases)) = row.first_of(&["Answer.Aliases", "answer.aliases"]) {
        let new = texts_of(aliases).unwrap_or_default().into_iter().filter(|alias| *alias != answers[0]);
        let new: Vec<String> = new.collect();
        answers.extend(new);
    }
    Ok(Reading::Item(Item::new(row.id(&["QuestionId", "question_id"]), answers).with("question", question)))
}
