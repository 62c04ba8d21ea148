//! WikiText (Merity et al. 2016): lines, of which those like ` = Title = ` begin an article. Its spaced punctuation
//! and its `@-@` are left as they are.

use toolformer_data::TextUnit;

use super::row_view::for_text_rows;
use crate::{EvalError, Item, ItemSet};

pub(super) fn read(data: &str) -> Result<ItemSet, EvalError> {
    let mut articles: Vec<String> = Vec::new();
    for_text_rows(data, TextUnit::Line, |row| {
        // The hub's rows keep their line's end; a blank line is an empty text there.
        let Some(line) = row.get("text") else { return Err(row.missing(&["text"])) };
        let line = line.as_str().ok_or_else(|| row.wrong("text", "is no text; write one"))?;
        if articles.is_empty() || is_title(line) {
            articles.push(String::new());
        }
        if let Some(article) = articles.last_mut() {
            article.push_str(line.trim_end_matches(['\n', '\r']));
            article.push('\n');
        }
        Ok(())
    })?;
    let with_text = articles.into_iter().filter(|article| !article.trim().is_empty());
    let items = with_text.enumerate().map(|(index, article)| {
        let item = Item::new((index + 1).to_string(), Vec::new());
        item.with("text", article.trim_end().to_owned() + "\n")
    });
    Ok(ItemSet { items: items.collect(), ..ItemSet::default() })
}

/// ` = Title = `, but not ` = = Section = = `.
fn is_title(line: &str) -> bool {
    let title = line.trim().strip_prefix("= ").and_then(|title| title.strip_suffix(" ="));
    title.is_some_and(|title| !title.trim().is_empty() && !title.starts_with('=') && !title.ends_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_told_from_sections_and_formulas() {
        assert!(is_title(" = Robert Boulter = \n"));
        assert!(!is_title(" = = Career = = \n"));
        assert!(!is_title(" = = = 2000 – 2005 = = = "));
        assert!(!is_title("x = y"));
        assert!(!is_title("= ="));
    }
}
