//! BFCL's files: a JSONL of questions, and one of possible answers with the same ids.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde_json::Value;
use toolformer_data::{Dataset, FileFormat, ReadSettings, Row, RowSource as _};

use super::{ExpectedCalls, FunctionCase, FunctionSchema};
use crate::EvalError;

/// The folder of the possible answers, beside the questions.
pub(crate) const ANSWERS: &str = "possible_answer";

/// Reads questions, such as `BFCL_v4_simple_python.json`, and their possible answers, which else lie in a file of the
/// same name in the folder `possible_answer` beside. Categories are the ids without their numbers: where they hold
/// `irrelevance` nothing should be called, where they hold `relevance` anything.
///
/// Questions in which several turns or several calls are asked for are refused: `parallel`, `multi_turn`, `memory` and
/// `web_search` are not of this kind.
///
/// # Errors
/// With the row and the field, if the files cannot be read or are not as BFCL's, or a question has no possible answers.
pub fn read_function_cases(questions: &Path, answers: Option<&Path>) -> Result<Vec<FunctionCase>, EvalError> {
    let mut cases = Vec::new();
    let mut truths = None;
    for (number, row) in rows(questions)?.into_iter().enumerate() {
        let wrong = |field: &str, why: String| wrong(questions, number, field, why);
        let id = text(&row["id"]).ok_or_else(|| wrong("id", "is no text; write one".into()))?;
        let category =
            id.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').trim_end_matches('_').to_owned();
        let Some(declared) = row["function"].as_array() else {
            return Err(wrong("function", "is no list; see that it is a file of questions of BFCL".into()));
        };
        let functions = declared.iter().map(FunctionSchema::from_bfcl).collect::<Result<Vec<_>, _>>();
        let functions = functions.map_err(|why| wrong("function", why))?;
        let question = question(&row["question"]).ok_or_else(|| {
            wrong(
                "question",
                "is not one list of messages with a `content`; take a category of one turn".into(),
            )
        })?;
        let expected = if category.contains("irrelevance") {
            ExpectedCalls::None
        } else if category.contains("relevance") {
            ExpectedCalls::Any
        } else {
            let truths = match &mut truths {
                Some(truths) => truths,
                none => none.insert(read_truths(&answers.map_or_else(|| beside(questions), Path::to_owned))?),
            };
            let truth = truths.remove(&id).ok_or_else(|| {
                wrong("id", format!("is `{id}`, for which there are no possible answers; give their file"))
            })?;
            expected(&truth, &functions).map_err(|why| wrong("ground_truth", why))?
        };
        cases.push(FunctionCase { id, category, question, functions, expected });
    }
    Ok(cases)
}

fn beside(questions: &Path) -> PathBuf {
    let folder = questions.parent().unwrap_or(Path::new(""));
    folder.join(ANSWERS).join(questions.file_name().unwrap_or_default())
}

/// BFCL's files end in `.json` and hold an object a line.
fn rows(path: &Path) -> Result<Vec<Value>, EvalError> {
    let settings = ReadSettings { format: Some(FileFormat::Jsonl), ..ReadSettings::default() };
    let set = Dataset::open(&path.to_string_lossy(), &settings)?;
    let rows = set.rows()?.collect::<Result<Vec<Row>, _>>()?;
    Ok(rows.into_iter().map(Value::Object).collect())
}

/// Ground truths by id.
fn read_truths(path: &Path) -> Result<HashMap<String, Value>, EvalError> {
    let mut truths = HashMap::new();
    for (number, mut row) in rows(path)?.into_iter().enumerate() {
        let id = text(&row["id"]).ok_or_else(|| wrong(path, number, "id", "is no text; write one".into()))?;
        truths.insert(id, row["ground_truth"].take());
    }
    Ok(truths)
}

/// The messages of the only turn, one below the other.
fn question(turns: &Value) -> Option<String> {
    let [turn] = &turns.as_array()?[..] else { return None };
    let contents = turn.as_array()?.iter().map(|message| message["content"].as_str());
    let contents = contents.collect::<Option<Vec<_>>>()?;
    (!contents.is_empty()).then(|| contents.join("\n"))
}

fn expected(truth: &Value, functions: &[FunctionSchema]) -> Result<ExpectedCalls, String> {
    let [call] = truth.as_array().map_or(&[][..], Vec::as_slice) else {
        return Err("is not one call; take a category in which one is asked for".to_owned());
    };
    let only = call.as_object().filter(|call| call.len() == 1).and_then(|call| call.iter().next());
    let arguments = only.and_then(|(name, arguments)| Some((name, arguments.as_object()?)));
    let Some((function, arguments)) = arguments else {
        return Err("is no object of one function with its arguments; write one".to_owned());
    };
    if !functions.iter().any(|known| known.name == *function) {
        return Err(format!("names `{function}`, which the question does not declare; correct one of them"));
    }
    if let Some((name, _)) = arguments.iter().find(|(_, values)| !values.is_array()) {
        return Err(format!("has no list of possible values for `{name}`; write one"));
    }
    Ok(ExpectedCalls::One { function: function.clone(), arguments: arguments.clone() })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn wrong(path: &Path, number: usize, field: &str, why: String) -> EvalError {
    EvalError::Row { path: path.to_owned(), row: number + 1, field: field.to_owned(), why }
}
