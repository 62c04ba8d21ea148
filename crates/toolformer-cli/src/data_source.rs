//! One set of data by its name: a path or a pattern, standard input, or a data set of a hub.

use std::{io, path::Path};

use anyhow::Result;
use toolformer::{
    data::{Dataset, DatasetDict, ReadSettings},
    model::HubDataset,
};

use crate::{failure::wrong_usage, hub_environment::hub, pull_progress::PullProgress};

/// What stands before the name of a data set on a hub: without it, a name is a path or a pattern.
const HUB: &str = "hf:";

/// Standard input.
pub(crate) const STDIN: &str = "-";

/// The splits of a set. One of a hub is pulled; files are read when their rows are asked for.
pub(crate) fn open_source(name: &str, settings: &ReadSettings) -> Result<DatasetDict> {
    if name == STDIN {
        let rows = Dataset::read_jsonl(io::stdin().lock(), Path::new("standard input"))?;
        return Ok(DatasetDict::from_iter([("train", rows)]));
    }
    match name.strip_prefix(HUB) {
        Some(id) => of_hub(id, settings),
        None => Ok(DatasetDict::open(name, settings)?),
    }
}

fn of_hub(id: &str, settings: &ReadSettings) -> Result<DatasetDict> {
    let dataset: HubDataset =
        id.parse().map_err(|error: toolformer::model::HubError| wrong_usage(error.to_string()))?;
    let mut progress = PullProgress::new();
    let found = hub(false)?.find_dataset(&dataset, &mut |event| progress.show(event));
    progress.end();
    let found = found?;
    Ok(match found.splits {
        Some(splits) => DatasetDict::of_splits(splits, settings)?,
        None => DatasetDict::of_folder(&found.folder, &found.files, settings)?,
    })
}
