//! `toolformer reward score`

use anyhow::{Context as _, Result};
use clap::ArgGroup;
use serde_json::{Value, json};
use toolformer::{
    burn::tensor::backend::Backend,
    data::{DataError, Row, RowSource as _},
    device::OnDevice,
    model::{CausalLm as _, SequenceClassifier, check_ids},
    train::{Conversation, text_scores},
};

use crate::{
    checked_rows::fields_there,
    failure::wrong_usage,
    model_args::ModelArgs,
    output::{Output, say},
    set_args::MeasuredSetArgs,
    template_args::TemplateArgs,
};

/// Score texts or answers by a reward model
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["text", "texts"]))]
#[command(after_long_help = "\
Examples:
  toolformer reward score --model runs/reward/model --text 'Paris is the capital of France.'
  toolformer reward score --model runs/reward/model --texts answers.jsonl

A row is an object with a `text`, which is taken as it stands, or an `answer` with its `question` and if need be
`system` and `history`, or `messages`.
Gives a line for each: {\"id\":.., \"score\":1.25, \"tokens\":42}; `id` is the object's, else its number from 0. What is longer
than the model's context has the score null.")]
pub(super) struct Args {
    /// A text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Texts or answers: a file, a folder, a pattern, - for JSONL on standard input, or a data set of a hub (hf:ORG/NAME).
    /// JSONL, JSON, CSV, TSV or Parquet, each but Parquet also in .gz
    #[arg(long, value_name = "PATH|ID")]
    texts: Option<String>,
    /// Tokens that go through the model at once
    #[arg(long, value_name = "TOKENS", default_value_t = 1024)]
    batch_tokens: usize,
    #[command(flatten)]
    sets: MeasuredSetArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    template: TemplateArgs,
}

/// Texts that are scored together.
const AT_ONCE: usize = 256;

pub(super) fn run(args: &Args) -> Result<()> {
    args.model.on_device(args)?
}

impl OnDevice for &Args {
    type Output = Result<()>;

    fn run<B: Backend>(self, device: &B::Device) -> Result<()> {
        let (model, _, tokenizer) = self.model.open_classifier::<B>(device)?;
        check_one_label(&model)?;
        let template = self.template.template(Some(self.model.path()?), &tokenizer)?;
        let longest = model.body.max_positions();
        let mut output = Output::new();
        let mut too_long = 0;
        for part in self.rows()?.chunks(AT_ONCE) {
            let ids = part.iter().map(|(id, conversation)| {
                let ids = template.ids_within(conversation, &tokenizer, longest)?;
                check_ids(ids.as_deref().unwrap_or_default(), model.body.vocab_size(), Some(&tokenizer))
                    .with_context(|| format!("text {id} cannot be scored"))?;
                Ok(ids.filter(|ids| !ids.is_empty()))
            });
            let ids: Vec<Option<Vec<u32>>> = ids.collect::<Result<_>>()?;
            let fitting: Vec<&Vec<u32>> = ids.iter().flatten().collect();
            let mut scores = text_scores(&model, &fitting, self.batch_tokens).into_iter();
            for ((id, _), ids) in part.iter().zip(&ids) {
                let score = ids.as_ref().and_then(|_| scores.next()).map(|scores| scores[0]);
                too_long += usize::from(score.is_none());
                output.json(&json!({ "id": id, "score": score, "tokens": ids.as_ref().map(Vec::len) }))?;
            }
        }
        if too_long > 0 {
            say(&format!("{too_long} texts are empty or longer than {longest} tokens, and have no score"));
        }
        output.flush()
    }
}

impl Args {
    /// Conversations with their ids.
    fn rows(&self) -> Result<Vec<(Value, Conversation)>> {
        if let Some(text) = &self.text {
            return Ok(vec![(json!(0), Conversation { answer: text.clone(), ..Conversation::default() })]);
        }
        let Some(source) = &self.texts else { return Err(wrong_usage("give --text or --texts")) };
        let read = |(number, row): (usize, Result<Row, DataError>)| {
            let row = row?;
            let conversation = serde_json::from_value(Value::Object(row.clone())).map_err(|error| {
                DataError::refused(format!(
                    "the {}. row of {source} cannot be scored: {error}; give it a text, or an answer with its question, or \
                     messages: it has {}",
                    number + 1,
                    fields_there(&row)
                ))
            });
            Ok((row.get("id").cloned().unwrap_or_else(|| json!(number)), conversation?))
        };
        self.sets.open(source, &|rows, _| rows.clone())?.rows()?.enumerate().map(read).collect()
    }
}

/// A reward model has one score.
pub(super) fn check_one_label<B: Backend>(model: &SequenceClassifier<B>) -> Result<()> {
    if model.n_labels() == 1 {
        return Ok(());
    }
    Err(wrong_usage(format!(
        "this model is a classifier with {} labels; use it with `toolformer classify`",
        model.n_labels()
    )))
}
