//! Sets by the names of their splits.

use std::path::{Path, PathBuf};

use crate::{
    data_files::data_files,
    dataset::{Dataset, SplitSize},
    error::DataError,
    file_rows::FileRows,
    read_settings::ReadSettings,
    split_names::splits_by_name,
    split_part::{Bound, SplitPart},
};

/// Named splits: `train`, `validation`, `test`, or whatever they are called.
///
/// ```
/// use toolformer_data::{Dataset, DatasetDict, Row};
///
/// let rows: Dataset = (0..200).map(|n| Row::from_iter([("n".to_owned(), n.into())])).collect();
/// let splits = DatasetDict::from_iter([("train", rows)]).split_validation(5.0, None)?;
/// assert_eq!(splits.get("validation")?.count()?, 10);
/// assert_eq!(splits.part("train[:10%]+validation")?.count()?, 29);
/// # Ok::<(), toolformer_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DatasetDict {
    splits: Vec<(String, Dataset)>,
}

impl<S: Into<String>> FromIterator<(S, Dataset)> for DatasetDict {
    fn from_iter<I: IntoIterator<Item = (S, Dataset)>>(splits: I) -> Self {
        let mut dict = Self::default();
        for (split, dataset) in splits {
            dict.insert(split, dataset);
        }
        dict
    }
}

impl DatasetDict {
    /// The splits of a folder, streamed. The names of its files tell the split, or else those of its folders (`train`,
    /// `training`; `validation`, `valid`, `dev`, `val`; `test`, `testing`, `eval`, `evaluation`). Where none does, and for
    /// a single file or a pattern, all is `train`.
    ///
    /// # Errors
    /// If there is no file of data.
    pub fn open(what: &str, settings: &ReadSettings) -> Result<Self, DataError> {
        let files = data_files(what)?;
        let folder = Path::new(what);
        if folder.is_dir() {
            return Self::of_folder(folder, &files, settings);
        }
        Self::of_splits([("train", files)], settings)
    }

    /// The splits that some files in a folder make up, streamed: as [`DatasetDict::open`] tells them, where not all files in
    /// it are wanted.
    ///
    /// # Errors
    /// If there is no file, or the name of one does not say what it is.
    pub fn of_folder(folder: &Path, files: &[PathBuf], settings: &ReadSettings) -> Result<Self, DataError> {
        Self::of_splits(splits_by_name(folder, files), settings)
    }

    /// Splits of these files, streamed.
    ///
    /// # Errors
    /// If there is no file for one, or the name of one does not say what it is.
    pub fn of_splits<S: Into<String>>(
        splits: impl IntoIterator<Item = (S, Vec<PathBuf>)>,
        settings: &ReadSettings,
    ) -> Result<Self, DataError> {
        let set = |(split, files)| Ok((split, Dataset::streamed(FileRows::new(files, settings.clone())?)));
        splits.into_iter().map(set).collect()
    }

    /// Splits with the files of each, streamed: a path, a folder or a pattern ([`data_files`]). A split may be
    /// named several times.
    ///
    /// # Errors
    /// If there is no file of data for one.
    pub fn from_files(splits: &[(&str, &str)], settings: &ReadSettings) -> Result<Self, DataError> {
        let mut files: Vec<(&str, Vec<PathBuf>)> = Vec::new();
        for &(split, what) in splits {
            let found = data_files(what)?;
            match files.iter_mut().find(|(name, _)| *name == split) {
                Some((_, files)) => files.extend(found),
                None => files.push((split, found)),
            }
        }
        Self::of_splits(files, settings)
    }

    /// The names of the splits.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.splits.iter().map(|(name, _)| name.as_str())
    }

    /// The splits.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Dataset)> {
        self.splits.iter().map(|(name, set)| (name.as_str(), set))
    }

    /// A split.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn get(&self, split: &str) -> Result<&Dataset, DataError> {
        let found = self.splits.iter().find(|(name, _)| name == split).map(|(_, set)| set);
        found.ok_or_else(|| DataError::UnknownSplit {
            split: split.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// Adds a split, or puts it in the place of the one of its name.
    pub fn insert(&mut self, split: impl Into<String>, dataset: Dataset) {
        let split = split.into();
        match self.splits.iter_mut().find(|(name, _)| *name == split) {
            Some((_, set)) => *set = dataset,
            None => self.splits.push((split, dataset)),
        }
    }

    /// The same done with each split.
    ///
    /// # Errors
    /// What is done may fail.
    pub fn each(&self, change: impl Fn(&Dataset) -> Result<Dataset, DataError>) -> Result<Self, DataError> {
        self.iter().map(|(name, set)| Ok((name, change(set)?))).collect()
    }

    /// A part of a split, or several behind each other: `train[:10%]`, `train[100:200]`, `train[-5%:]`, `train+test`.
    /// Percents go to the nearest row; rows that are not there are left out. Where percents or rows from the end are asked
    /// of a streamed set that does not know its length, it is counted.
    ///
    /// # Errors
    /// If there is no such split, it is not written so, or rows cannot be read.
    pub fn part(&self, parts: &str) -> Result<Dataset, DataError> {
        let part = |part: &str| {
            let part: SplitPart = part.parse()?;
            let set = self.get(&part.split)?;
            let rows = if part.needs_count() { set.count()? } else { usize::MAX };
            Ok(if part.bounds == [None, None] { set.clone() } else { set.range(part.of(rows)) })
        };
        let mut sets = parts.split('+').map(part).collect::<Result<Vec<_>, DataError>>()?;
        Ok(if sets.len() == 1 { sets.remove(0) } else { Dataset::concatenate(&sets) })
    }

    /// Takes `percent` of `train` for `validation`: the rows that a seed draws, or without one the first, which is
    /// `train[:5%]` and `train[5%:]`.
    ///
    /// # Errors
    /// If there is no `train`, `validation` is there already, the percentage is none, or one of the two would be empty.
    pub fn split_validation(&self, percent: f64, seed: Option<u64>) -> Result<Self, DataError> {
        if self.get("validation").is_ok() {
            let why = "there is a split `validation` already; use it, or build a dict without it";
            return Err(DataError::setting("validation percentage", why));
        }
        if !(percent > 0.0 && percent < 100.0) {
            let why = format!("{percent} is not between 0 and 100");
            return Err(DataError::setting("validation percentage", why));
        }
        let train = self.get("train")?;
        let rows = train.count()?;
        let held_out = SplitSize::Rows(Bound::Percent(percent).of(rows)).of(rows)?;
        let (train, validation) = match seed {
            Some(seed) => train.divided(rows, held_out, seed),
            None => (train.skip(held_out), train.take(held_out)),
        };
        let mut splits = self.clone();
        splits.insert("train", train);
        splits.insert("validation", validation);
        Ok(splits)
    }
}
