//! ASDiv (Miao et al. 2020): XML with a `Problem` for each question.

use std::{io::Read as _, path::Path};

use roxmltree::{Document, Node, ParsingOptions};
use toolformer_data::{data_files, open_unpacked};

use super::Reading;
use crate::{EvalError, Item, ItemSet, number_in};

pub(super) fn read(data: &str) -> Result<ItemSet, EvalError> {
    let mut set = ItemSet::default();
    // A folder's files are found by the ends of their names, and `.xml` is none of those of rows.
    let folder = Path::new(data).is_dir().then(|| format!("{data}/**/*.xml"));
    for path in data_files(folder.as_deref().unwrap_or(data))? {
        let mut text = String::new();
        open_unpacked(&path)?.read_to_string(&mut text).map_err(EvalError::read(&path))?;
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let document =
            Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).map_err(|error| {
                let line = usize::try_from(error.pos().row).unwrap_or(0);
                let why = format!("is no XML ({error}); get the file again");
                EvalError::file(&path, line, why)
            })?;
        for problem in document.descendants().filter(|node| node.has_tag_name("Problem")) {
            set.add(item(&path, problem)?);
        }
    }
    Ok(set)
}

fn item(path: &Path, problem: Node<'_, '_>) -> Result<Reading, EvalError> {
    let child = |name: &str| {
        let child = problem.children().find(|child| child.has_tag_name(name));
        let text: String = child
            .iter()
            .flat_map(|child| child.descendants())
            .filter_map(|node| node.text().filter(|_| node.is_text()))
            .collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(text).filter(|text| !text.is_empty())
    };
    let required = |name: &str| {
        child(name).ok_or_else(|| {
            let position = problem.document().text_pos_at(problem.range().start);
            let why = format!("has a Problem without a text in `{name}`; write it, or remove the problem");
            EvalError::file(path, usize::try_from(position.row).unwrap_or(0), why)
        })
    };
    let (body, question, answer) = (required("Body")?, required("Question")?, required("Answer")?);
    let Some(answer) = one_number(&answer) else {
        return Ok(Reading::LeftOut("its answer is not one number"));
    };
    let id = problem.attribute("ID").map_or_else(|| body.clone(), str::to_owned);
    let item = Item::new(id, vec![answer]).with("body", body).with("question", question);
    Ok(Reading::Item(Item { category: child("Solution-Type"), ..item }))
}

/// `9` of `9 (apples)`; none of `8 (boys); 4 (girls)`, `1:2` and words.
fn one_number(answer: &str) -> Option<String> {
    let number = answer.split('(').next().unwrap_or(answer).trim();
    let behind = answer.get(number.len()..).unwrap_or("").trim();
    let unit_alone =
        behind.is_empty() || (behind.starts_with('(') && behind.ends_with(')') && !behind.contains(';'));
    let digits = number.chars().all(|c| c.is_ascii_digit() || ".,/- $%".contains(c));
    (unit_alone && digits && number_in(number).is_some()).then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Option<&str>) {
        assert_eq!(one_number(answer).as_deref(), expected, "{answer}");
    }

    #[test]
    fn an_answer_is_one_number() {
        check("9 (apples)", Some("9"));
        check("1/3", Some("1/3"));
        check("2.5 (hours)", Some("2.5"));
        check("8 (boys); 4 (girls)", None);
        check("1:2", None);
        check("Tom (child)", None);
        check("", None);
    }
}
