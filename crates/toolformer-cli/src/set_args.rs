//! What a model is trained on and measured on: which rows of which sets.

use anyhow::{Context as _, Error, Result};
use clap::{Args, ValueEnum};
use toolformer::data::{
    CsvTypes, DataError, Dataset, DatasetDict, Interleave, ReadSettings, StoppingStrategy, TextUnit,
};

use crate::{
    data_source::{STDIN, open_source},
    failure::wrong_usage,
};

/// The split that is measured on while a model is trained.
const VALIDATION: &str = "validation";
/// The split that is trained on.
const TRAIN: &str = "train";
/// The split that is measured on in the end.
const TEST: &str = "test";

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct SetArgs {
    /// How often rows are drawn from each of several sets, such as 0.7,0.3. Without it they come one set behind the other
    #[arg(long, value_name = "RATIOS", value_delimiter = ',')]
    mix: Vec<f64>,
    /// When a mix ends
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Stop::FirstExhausted, requires = "mix")]
    stopping_strategy: Stop,
    /// The rows of each set that are trained on: a split or a part of it, several with + between them, such as
    /// 'train[:80%]' or 'train+test[100:200]'. A folder's splits are told by the names of its files; of a single file all is
    /// `train`
    #[arg(long, value_name = "PARTS", default_value = TRAIN)]
    split: String,
    /// The field that holds the array of rows, in files of JSON
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Most rows that are trained on: the first
    #[arg(long, value_name = "N")]
    max_train_samples: Option<usize>,
    /// Most rows that are measured on: the first
    #[arg(long, value_name = "N")]
    pub(crate) max_eval_samples: Option<usize>,
}

/// See [`StoppingStrategy`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stop {
    /// When the first set has no rows left
    #[value(alias = "first_exhausted")]
    FirstExhausted,
    /// When every row came at least once; a set that has no rows left starts again
    #[value(alias = "all_exhausted")]
    AllExhausted,
    /// When every row came exactly once
    #[value(alias = "all_exhausted_without_replacement")]
    AllExhaustedWithoutReplacement,
}

/// What is trained on and measured on, as rows that are read when they are asked for.
pub(crate) struct TrainingRows {
    pub(crate) train: Dataset,
    /// None where nothing is held out.
    pub(crate) held_out: Option<Dataset>,
}

/// What is held out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HoldOut<'a> {
    /// Another set: its split `validation`, or else `test`, or all.
    Set(&'a str),
    /// Of each set its split `validation`, or else this per cent, if any.
    OfSets(Option<f64>),
}

/// What is made of the rows of a set, which has this name.
pub(crate) type Made<'a> = &'a dyn Fn(&Dataset, &str) -> Dataset;

impl SetArgs {
    /// The rows of the sets, which are named as [`open_source`] takes them. Rows are held out of each set before they
    /// are mixed, so that none is on both sides. A seed gives the rows that are held out, and the mix.
    pub(crate) fn open(
        &self,
        sources: &[String],
        made: Made<'_>,
        held_out: HoldOut<'_>,
        seed: u64,
    ) -> Result<TrainingRows> {
        self.check(sources, held_out)?;
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for source in sources {
            let (rows, others) = self.of_source(source, made, held_out, seed)?;
            train.push(rows);
            validation.extend(others);
        }
        let most = |rows: Dataset, most: Option<usize>| most.map_or(rows.clone(), |most| rows.take(most));
        let train = match (&train[..], &self.mix[..]) {
            ([one], _) => one.clone(),
            (sets, []) => Dataset::concatenate(sets),
            (sets, ratios) => {
                let stop = self.stopping_strategy.into();
                Interleave { weights: Some(ratios.to_vec()), seed, stop }.mix(sets)?
            }
        };
        if let HoldOut::Set(source) = held_out {
            validation
                .push(of_first(&splits(source, self.field.as_deref(), made)?, &[VALIDATION, TEST, TRAIN])?);
        }
        let held_out = (!validation.is_empty()).then(|| Dataset::concatenate(&validation));
        Ok(TrainingRows {
            train: most(train, self.max_train_samples),
            held_out: held_out.map(|rows| most(rows, self.max_eval_samples)),
        })
    }

    fn check(&self, sources: &[String], held_out: HoldOut<'_>) -> Result<()> {
        let (ratios, sets) = (self.mix.len(), sources.len());
        if ratios > 0 && ratios != sets {
            let why = format!(
                "--mix has {ratios} ratios for {sets} sets; give one for each, such as 0.7,0.3 for two"
            );
            return Err(wrong_usage(why));
        }
        let held_out = matches!(held_out, HoldOut::Set(STDIN));
        if sources.iter().filter(|&source| source == STDIN).count() + usize::from(held_out) > 1 {
            return Err(wrong_usage("standard input can be read once; give - once"));
        }
        Ok(())
    }

    /// What is trained on of a set, and what is held out.
    fn of_source(
        &self,
        source: &str,
        made: Made<'_>,
        held_out: HoldOut<'_>,
        seed: u64,
    ) -> Result<(Dataset, Option<Dataset>)> {
        let splits = splits(source, self.field.as_deref(), made)?;
        let train = splits.part(&self.split).with_context(|| format!("--split does not fit {source}"))?;
        let percent = match held_out {
            HoldOut::Set(_) => return Ok((train, None)),
            HoldOut::OfSets(percent) => percent,
        };
        if let (Ok(validation), false) = (splits.get(VALIDATION), self.trains_on(VALIDATION)) {
            return Ok((train, Some(validation.clone())));
        }
        let Some(percent) = percent else { return Ok((train, None)) };
        let divided = DatasetDict::from_iter([(TRAIN, train)])
            .split_validation(percent, Some(seed))
            .map_err(|error| match error {
                setting @ DataError::Setting { .. } => Error::new(setting).context(format!(
                    "{percent} % of {source} cannot be held out; give another --validation-split-percentage"
                )),
                unreadable => unreadable.into(),
            })?;
        Ok((divided.get(TRAIN)?.clone(), Some(divided.get(VALIDATION)?.clone())))
    }

    /// Whether --split names this split.
    fn trains_on(&self, split: &str) -> bool {
        self.split.split('+').any(|part| part.split('[').next().is_some_and(|name| name.trim() == split))
    }
}

/// The first of these splits that is there.
fn of_first(splits: &DatasetDict, names: &[&str]) -> Result<Dataset> {
    let found = names.iter().find_map(|name| splits.get(name).ok());
    // None of them: what the error says of the last.
    Ok(found.map_or_else(|| splits.get(names.last().copied().unwrap_or(TRAIN)), Ok)?.clone())
}

/// Which rows a finished model is measured on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct MeasuredSetArgs {
    /// The rows of the set: a split or a part of it, such as `test[:100]` [default: `test`, or else `validation`, or all]
    #[arg(long, value_name = "PARTS")]
    split: Option<String>,
    /// The field that holds the array of rows, in files of JSON
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
}

impl MeasuredSetArgs {
    pub(crate) fn open(&self, source: &str, made: Made<'_>) -> Result<Dataset> {
        let splits = splits(source, self.field.as_deref(), made)?;
        match &self.split {
            Some(part) => splits.part(part).with_context(|| format!("--split does not fit {source}")),
            None => of_first(&splits, &[TEST, VALIDATION, TRAIN]),
        }
    }
}

fn splits(source: &str, field: Option<&str>, made: Made<'_>) -> Result<DatasetDict> {
    let settings = ReadSettings {
        field: field.map(str::to_owned),
        // What is a number to a table may be a text to us: the answer 4.
        csv_types: CsvTypes::Text,
        text_unit: TextUnit::Paragraph,
        ..ReadSettings::default()
    };
    Ok(open_source(source, &settings)?.each(|rows| Ok(made(rows, source)))?)
}

impl From<Stop> for StoppingStrategy {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::FirstExhausted => Self::FirstExhausted,
            Stop::AllExhausted => Self::AllExhausted,
            Stop::AllExhaustedWithoutReplacement => Self::AllExhaustedWithoutReplacement,
        }
    }
}

/// Whether an error with data is a mistake in how they were asked for.
pub(crate) fn is_wrong_data_usage(error: &DataError) -> bool {
    matches!(
        error,
        DataError::Setting { .. } | DataError::UnknownSplit { .. } | DataError::SplitSyntax { .. }
    )
}
