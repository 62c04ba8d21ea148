//! Texts, or prompts with completions, to train a language model on.

use anyhow::Result;
use clap::{Args, ValueEnum};
use toolformer::data::{Dataset, LengthLimits, TooLong};

use crate::{
    example_rows::{ExampleRows, RowsWanted},
    set_args::{HoldOut, SetArgs, TrainingRows},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataArgs {
    #[command(flatten)]
    sets: SetArgs,
    /// The column that holds the texts [default: text]
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Per cent of the rows that are held out to measure perplexity on, in sets without a split `validation`
    #[arg(long, value_name = "P")]
    validation_split_percentage: Option<f64>,
    /// Tokens that a row must have to be trained on
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    min_length: usize,
    /// Most tokens of a row that is trained on [default: any]
    #[arg(long, value_name = "TOKENS")]
    max_length: Option<usize>,
    /// What is done with rows of more
    #[arg(long, value_name = "HOW", value_enum, default_value_t = TooLongArg::CutEnd, requires = "max_length")]
    too_long: TooLongArg,
}

/// See [`TooLong`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TooLongArg {
    /// They are left out
    Drop,
    /// Their last tokens are cut off
    CutEnd,
    /// Their first tokens are cut off, so that an answer at the end stays
    CutStart,
}

impl DataArgs {
    /// The column of texts, if the user names it.
    pub(crate) fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// How long the sequences of rows may be.
    pub(crate) fn lengths(&self) -> LengthLimits {
        let too_long = match self.too_long {
            TooLongArg::Drop => TooLong::Drop,
            TooLongArg::CutEnd => TooLong::CutEnd,
            TooLongArg::CutStart => TooLong::CutStart,
        };
        LengthLimits { min: self.min_length, max: self.max_length, too_long }
    }

    /// The rows of the sets; see [`SetArgs::open`]. Where the user names no per cent to hold out, it is that of `held_out`.
    pub(crate) fn open(
        &self,
        sources: &[String],
        wanted: &RowsWanted,
        held_out: HoldOut<'_>,
        seed: u64,
    ) -> Result<TrainingRows> {
        let held_out = match held_out {
            HoldOut::OfSets(usual) => HoldOut::OfSets(self.validation_split_percentage.or(usual)),
            HoldOut::Set(source) => HoldOut::Set(source),
        };
        self.sets.open(sources, &|rows, source| examples(rows, source, wanted), held_out, seed)
    }
}

fn examples(rows: &Dataset, source: &str, wanted: &RowsWanted) -> Dataset {
    let (rows, source, wanted) = (rows.clone(), source.to_owned(), wanted.clone());
    Dataset::streamed(ExampleRows { rows, source, wanted })
}
