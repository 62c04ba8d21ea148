//! Items from the public files of data sets, one file per format.

mod asdiv;
mod fields;
mod lama;
mod mawps;
mod natural_questions;
mod row_view;
mod squad;
mod svamp;
mod templama;
mod texts;
mod trivia_qa;
mod unique_ids;
mod web_questions;
mod wikitext;

use self::row_view::{RowView, for_rows};
pub(crate) use self::unique_ids::make_ids_unique;
use crate::{DataFormat, EvalError, Item, ItemSet};

/// Reads the items of `data`: a file, a folder of files or a pattern.
pub(crate) fn read(format: &DataFormat, data: &str) -> Result<ItemSet, EvalError> {
    match format {
        DataFormat::Lama(texts) => by_row(data, None, |row| lama::item(row, texts)),
        DataFormat::TempLama => by_row(data, None, templama::item),
        DataFormat::Svamp => by_row(data, None, svamp::item),
        DataFormat::Mawps => by_row(data, None, mawps::item),
        DataFormat::WebQuestions => by_row(data, None, web_questions::item),
        DataFormat::NaturalQuestions => by_row(data, None, natural_questions::item),
        DataFormat::TriviaQa => by_row(data, Some("Data"), trivia_qa::item),
        DataFormat::Fields(names) => by_row(data, names.array.as_deref(), fields::reader(names)?),
        DataFormat::Asdiv => asdiv::read(data),
        DataFormat::Squad => squad::read(data),
        DataFormat::Texts(texts) => texts::read(data, *texts),
        DataFormat::Wikitext => wikitext::read(data),
        // Both have no rows of their own here.
        DataFormat::Dateset(_) | DataFormat::FunctionCalls => Ok(ItemSet::default()),
    }
}

/// What a row comes to.
enum Reading {
    Item(Item),
    /// No item of the task, and why.
    LeftOut(&'static str),
}

impl ItemSet {
    fn add(&mut self, reading: Reading) {
        match reading {
            Reading::Item(item) => self.items.push(item),
            Reading::LeftOut(why) => *self.left_out.entry(why.to_owned()).or_default() += 1,
        }
    }
}

/// Each row is one item at most. `array` is the field of a JSON object that holds the rows.
fn by_row(
    data: &str,
    array: Option<&str>,
    read: impl Fn(&RowView<'_>) -> Result<Reading, EvalError>,
) -> Result<ItemSet, EvalError> {
    let mut set = ItemSet::default();
    for_rows(data, array, |row| {
        set.add(read(row)?);
        Ok(())
    })?;
    Ok(set)
}

/// A question as the paper's prompt has it, which ends in a question mark.
fn with_question_mark(question: &str) -> String {
    let question = question.trim();
    if question.ends_with(['?', '？', '؟', '.', '!']) {
        question.to_owned()
    } else {
        format!("{question}?")
    }
}
