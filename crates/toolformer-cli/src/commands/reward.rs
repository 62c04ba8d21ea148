//! `toolformer reward`

mod eval;
mod score;
mod train;

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;
use toolformer::{
    data::{Dataset, Row},
    train::PreferencePair,
};

use crate::checked_rows::{CheckedRows, fields_there};

/// Train a reward model on pairs of answers, and score by it
///
/// A reward model gives a text one score. It learns from pairs, of which one answer is better, and is saved as a Hugging Face
/// folder for sequence classification, which transformers opens too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<train::Args>),
    Score(score::Args),
    Eval(eval::Args),
}

/// Rows of which each is a pair.
fn pair_rows(rows: &Dataset, source: &str) -> Dataset {
    let check = |row: &Row| {
        let pair = serde_json::from_value::<PreferencePair>(Value::Object(row.clone()));
        pair.map(drop).map_err(|error| {
            format!(
                "is no pair: {error}; a pair has chosen and rejected (or response_chosen, response_rejected), and the row has {}",
                fields_there(row)
            )
        })
    };
    Dataset::streamed(CheckedRows { rows: rows.clone(), source: source.to_owned(), check })
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Train(args) => train::run(args),
        Command::Score(args) => score::run(args),
        Command::Eval(args) => eval::run(args),
    }
}
