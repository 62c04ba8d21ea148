//! MAWPS (Koncel-Kedziorski et al. 2016).

use super::{Reading, RowView};
use crate::{EvalError, Item};

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let question = row.text(&["sQuestion"])?;
    let solutions = row.texts(&["lSolutions"])?;
    let [solution] = &solutions[..] else { return Ok(Reading::LeftOut("it has several solutions")) };
    if solution.trim().parse::<f64>().is_err() {
        return Err(row.wrong("lSolutions", format!("holds `{solution}`, which is no number; write one")));
    }
    let item = Item::new(row.id(&["iIndex"]), vec![solution.clone()]);
    Ok(Reading::Item(item.with("question", question.trim())))
}
