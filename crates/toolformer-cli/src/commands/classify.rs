//! `toolformer classify`

mod eval;
mod predict;
mod train;

use anyhow::Result;
use clap::Subcommand;

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

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Train(args) => train::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Predict(args) => predict::run(args),
    }
}
