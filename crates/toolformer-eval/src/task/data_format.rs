//! How the data of a task lie.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::dateset::Dateset;

/// How the data of a task lie, and which fields a prompt then has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum DataFormat {
    /// LAMA's JSONL; field `text`, which ends where the masked word begins. Rows whose mask is not at the end are left
    /// out.
    Lama(LamaTexts),
    /// SVAMP's JSON; fields `body` and `question`.
    Svamp,
    /// ASDiv's XML; fields `body` and `question`. Problems whose answer is not one number are left out.
    Asdiv,
    /// MAWPS' JSON; field `question`. Problems with several solutions are left out.
    Mawps,
    /// WebQuestions, with `question` and `answers`, or with `utterance` and `targetValue`; field `question`.
    WebQuestions,
    /// NQ-open's JSONL; field `question`.
    NaturalQuestions,
    /// TriviaQA's JSON, or its rows; field `question`.
    TriviaQa,
    /// JSON as of SQuAD, which MLQA's is, or its rows; fields `context` and `question`.
    Squad,
    /// TempLAMA's JSONL; field `text`, as with LAMA. Each item is asked on July 1 of its year.
    TempLama,
    /// No data: questions about dates are generated; field `question`.
    Dateset(Dateset),
    /// Texts, for perplexity; field `text`.
    Texts(TextItems),
    /// WikiText, an article an item, for perplexity; field `text`.
    Wikitext,
    /// Any rows of JSON, JSONL, CSV, TSV or Parquet; a field for each column, `a.b` for what lies in objects.
    Fields(FieldNames),
    /// BFCL's questions with functions; fields `question` and `functions`.
    FunctionCalls,
}

/// Which texts of LAMA are asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LamaTexts {
    /// Templates with `[X]` for the subject and `[Y]` for the mask, by the relation (`predicate_id` or `pred`), as in
    /// LAMA's `relations.jsonl`. Where a row's relation has one, it takes the place of the row's sentences.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
}

/// What is a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextItems {
    /// Of plain text, whether each paragraph is an item, rather than each file.
    #[serde(default)]
    pub paragraphs: bool,
}

/// Which columns of rows are what. `a.b` is field `b` of the object in column `a`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldNames {
    /// The id; else rows are numbered from 1.
    pub id: Option<String>,
    /// The answer: a text, a number, or a list of these, of which any is right.
    pub answers: Option<String>,
    /// Where one text holds several answers, what stands between them.
    pub answer_separator: Option<String>,
    /// A regular expression whose only group is the answer in the text, `#### (.+)$` of GSM8K's solutions.
    pub answer_pattern: Option<String>,
    /// The day on which it is asked, `2023-01-30`.
    pub date: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// What items have in common with others, such as the paragraph that they are about; every row has it.
    pub cluster: Option<String>,
    /// In files of JSON that are one object, its field with the rows.
    pub array: Option<String>,
}

impl DataFormat {
    /// The fields that a prompt may name; none where the data say it.
    pub fn prompt_fields(&self) -> Option<&'static [&'static str]> {
        Some(match self {
            Self::Fields(_) => return None,
            Self::Lama(_) | Self::TempLama | Self::Texts(_) | Self::Wikitext => &["text"],
            Self::Svamp | Self::Asdiv => &["body", "question"],
            Self::Mawps | Self::WebQuestions | Self::NaturalQuestions | Self::TriviaQa | Self::Dateset(_) => {
                &["question"]
            }
            Self::Squad => &["context", "question"],
            Self::FunctionCalls => &["question", "functions"],
        })
    }

    /// Whether items say on which day they are asked.
    pub fn is_dated(&self) -> bool {
        matches!(self, Self::TempLama | Self::Dateset(_) | Self::Fields(FieldNames { date: Some(_), .. }))
    }
}
