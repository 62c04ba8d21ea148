//! Texts as they are.

use toolformer_data::TextUnit;

use super::{Reading, row_view::for_text_rows};
use crate::{EvalError, Item, ItemSet, TextItems};

pub(super) fn read(data: &str, texts: TextItems) -> Result<ItemSet, EvalError> {
    let unit = if texts.paragraphs { TextUnit::Paragraph } else { TextUnit::File };
    let mut set = ItemSet::default();
    for_text_rows(data, unit, |row| {
        let Some(text) = row.get("text") else { return Err(row.missing(&["text"])) };
        match text.as_str() {
            Some(text) if text.trim().is_empty() => set.add(Reading::LeftOut("it is blank")),
            Some(text) => set.add(Reading::Item(Item::new(row.id(&["id"]), Vec::new()).with("text", text))),
            None => return Err(row.wrong("text", "is no text; write one, or remove the row")),
        }
        Ok(())
    })?;
    Ok(set)
}
