//! Rows to train on as ids.

use std::ops::Range;

use anyhow::{Context as _, Result};
use serde_json::Value;
use toolformer::{
    data::{Row, TrainingSequence},
    model::Tokenizer,
    train::{WovenCall, completion_sequence, held_out_sequence, training_sequence},
};

use crate::example_rows::{CALLS, COMPLETION, PLACE, PROMPT, TEXT};

/// Makes ids of rows as [`ExampleRows`](crate::example_rows::ExampleRows) gives them.
pub(crate) struct ExampleEncoder<'a> {
    pub(crate) tokenizer: &'a Tokenizer,
    /// How many ids the model has.
    pub(crate) ids: usize,
    pub(crate) mask_responses: bool,
}

impl ExampleEncoder<'_> {
    /// What is learnt of a row.
    pub(crate) fn example(&self, row: &Row) -> Result<TrainingSequence> {
        self.sequence(row).with_context(|| cannot_be_used(row))
    }

    /// Stands for all that ids depend on besides the row.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let Self { tokenizer, ids, mask_responses } = self;
        Ok(format!("{}, {ids} ids, mask_responses {mask_responses}", tokenizer.fingerprint()?))
    }

    fn sequence(&self, row: &Row) -> Result<TrainingSequence> {
        if let Some(completion) = text(row, COMPLETION) {
            let prompt = text(row, PROMPT).unwrap_or_default();
            return Ok(completion_sequence(self.tokenizer, self.ids, prompt, completion)?);
        }
        let left_out = if self.mask_responses { responses(row.get(CALLS))? } else { Vec::new() };
        Ok(training_sequence(self.tokenizer, self.ids, text(row, TEXT).unwrap_or_default(), &left_out)?)
    }

    /// What is measured on: of texts all but the first token and of pairs the completion.
    pub(crate) fn held_out(&self, row: &Row) -> Result<TrainingSequence> {
        match text(row, TEXT) {
            Some(text) => {
                held_out_sequence(self.tokenizer, self.ids, text).with_context(|| cannot_be_used(row))
            }
            None => self.example(row),
        }
    }
}

fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).and_then(Value::as_str)
}

fn cannot_be_used(row: &Row) -> String {
    format!("{} cannot be used", text(row, PLACE).unwrap_or("a row"))
}

/// Where in a woven text the results of its calls stand.
fn responses(calls: Option<&Value>) -> Result<Vec<Range<usize>>> {
    let calls: Vec<WovenCall> = serde_json::from_value(calls.cloned().unwrap_or_default()).context(
        "it does not say in `calls` where the results stand, which --mask-responses needs; make it by `weave`",
    )?;
    Ok(calls.into_iter().map(|call| call.response[0]..call.response[1]).collect())
}
