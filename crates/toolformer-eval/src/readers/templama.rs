//! TempLAMA (Dhingra et al. 2021): statements with `_X_` for what is asked, each for a year.

use jiff::civil::Date;

use super::{Reading, RowView, lama::before_final_mask};
use crate::{EvalError, Item};

pub(super) fn item(row: &RowView<'_>) -> Result<Reading, EvalError> {
    let query = row.text(&["query"])?;
    let answers = answers(row)?;
    let year = row.text(&["date"])?;
    // A fact that holds for a year holds in the middle of it, if on any one day.
    let date = year.trim().parse::<i16>().ok().and_then(|year| Date::new(year, 7, 1).ok());
    let date = date.ok_or_else(|| row.wrong("date", format!("is `{year}`, which is no year; write 2010")))?;
    let Some(text) = before_final_mask(&query, "_X_") else {
        return Ok(Reading::LeftOut("what is asked is not at the end"));
    };
    let item = Item::new(row.id(&["id"]), answers).with("text", text);
    Ok(Reading::Item(Item {
        date: Some(date),
        category: row.optional_text(&["relation"]),
        cluster: Some(query),
        ..item
    }))
}

fn answers(row: &RowView<'_>) -> Result<Vec<String>, EvalError> {
    let Some(value) = row.get("answer") else { return Err(row.missing(&["answer"])) };
    let names = value.as_array().map(|answers| {
        answers
            .iter()
            .filter_map(|answer| answer["name"].as_str().or(answer.as_str()))
            .map(str::to_owned)
            .collect()
    });
    let some = |names: &Vec<String>| !names.is_empty();
    names.filter(some).ok_or_else(|| row.wrong("answer", "is no list of objects with a `name`; write one"))
}
