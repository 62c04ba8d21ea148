//! `toolformer classify`

mod eval;
mod predict;
mod train;

use anyhow::Result;
use clap::Subcommand;
use toolformer::{
    burn::tensor::backend::Backend,
    data::{Dataset, Row},
    model::SequenceClassifier,
    train::{LabelledText, RowFields, read_labelled},
};

use crate::{checked_rows::CheckedRows, failure::wrong_usage, set_args::MeasuredSetArgs};

/// Train a classifier of texts or pairs of texts, and use it
///
/// Rows are JSONL, JSON, CSV, TSV or Parquet (by extension) with `sentence1`, if need be `sentence2`, and `label`, as in GLUE's MRPC; the
/// fields may have other names. The model is saved as a Hugging Face folder for sequence classification.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<train::Args>),
    Eval(eval::Args),
    Predict(predict::Args),
}

/// A classifier has labels to choose from.
fn check_labels<B: Backend>(model: &SequenceClassifier<B>) -> Result<()> {
    if model.n_labels() > 1 {
        return Ok(());
    }
    Err(wrong_usage("this model is a reward model, with one score; use it with `toolformer reward`"))
}

/// Rows of which each has its sentences.
fn labelled_rows(rows: &Dataset, source: &str, fields: &RowFields) -> Dataset {
    let fields = fields.clone();
    let check = move |row: &Row| LabelledText::of_row(row, &fields).map(drop);
    Dataset::streamed(CheckedRows { rows: rows.clone(), source: source.to_owned(), check })
}

/// The texts of a set that a finished classifier reads.
fn labelled_of(sets: &MeasuredSetArgs, source: &str, fields: &RowFields) -> Result<Vec<LabelledText>> {
    let rows = sets.open(source, &|rows, source| labelled_rows(rows, source, fields))?;
    Ok(read_labelled(&rows, source, fields)?)
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Train(args) => train::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Predict(args) => predict::run(args),
    }
}
