//! Data sets: pulled as models are, and found in the cache.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Hub, OnEvent, PullEvent,
    cache::{self, RepoCache},
    dataset_card::{CardConfig, configs},
    dataset_files::{DatasetChoice, choose, missing_part},
    dataset_id::{DatasetPart, HubDataset},
    error::HubError,
    repository::RepositoryKind,
    transfer::Transfer,
};

/// The card of a data set.
const README: &str = "README.md";

/// The files of a data set in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PulledDataset {
    /// The folder that they are in: that of the commit, or the one in it that was asked for.
    pub folder: PathBuf,
    /// All files.
    pub files: Vec<PathBuf>,
    /// The files of each split, where the repository or the name says it; else the names of files and folders tell.
    pub splits: Option<Vec<(String, Vec<PathBuf>)>>,
}

impl Hub {
    /// The files of a data set, which are fetched as far as they are not in the cache.
    ///
    /// Which they are says the `configs` of the repository's README.md; without that, or of a folder, those of the format
    /// (Parquet; JSON, JSONL; CSV, TSV; text only where there is nothing else) that most files have. All else is as with
    /// [`Hub::pull`].
    ///
    /// # Errors
    /// As [`Hub::pull`]; and if there is no data, or several sets of which none is named.
    pub fn pull_dataset(
        &self,
        dataset: &HubDataset,
        on_event: &mut OnEvent<'_>,
    ) -> Result<PulledDataset, HubError> {
        if self.settings.offline {
            return self.cached_dataset(dataset);
        }
        // What a commit holds never changes.
        if dataset.revision.as_deref().is_some_and(cache::is_commit)
            && let Ok(found) = self.cached_dataset(dataset)
        {
            return Ok(found);
        }
        let repo = dataset.repository();
        let listing = self.listing(&repo, on_event)?;
        let (cache, names) = (self.cache(&repo), listing.names());
        let folder = cache.snapshot(&listing.commit);
        let mut transfer = Transfer::new(&self.client, &cache, &repo, &listing);
        if needs_card(dataset, &names) {
            transfer.fetch(&[README.to_owned()], on_event)?;
        }
        let choice = choose(dataset, &card(dataset, &folder, &names)?, &names)?;
        // First, so that files which are there are never taken for all.
        cache.keep_listing(&listing.commit, &names)?;
        transfer.fetch(&choice.files(), on_event)?;
        cache.point(dataset.revision(), &listing.commit)?;
        Ok(pulled(&folder, choice))
    }

    /// As [`Hub::pull_dataset`], but one in the cache serves where the hub cannot be reached, with a note.
    ///
    /// # Errors
    /// As [`Hub::pull_dataset`].
    pub fn find_dataset(
        &self,
        dataset: &HubDataset,
        on_event: &mut OnEvent<'_>,
    ) -> Result<PulledDataset, HubError> {
        match self.pull_dataset(dataset, on_event) {
            Err(error) if error.is_unreachable() => match self.cached_dataset(dataset) {
                Ok(found) => {
                    on_event(PullEvent::Note(&format!("{error}; the data set in the cache is used")));
                    Ok(found)
                }
                Err(_) => Err(error),
            },
            other => other,
        }
    }

    /// The files of a data set in the cache; the network is not used.
    ///
    /// Where other programs fetched them, it is not known what there is beside; then what is there counts, unless names
    /// (`-00000-of-00002`) show that something is missing.
    ///
    /// # Errors
    /// If the cache does not hold all of it.
    pub fn cached_dataset(&self, dataset: &HubDataset) -> Result<PulledDataset, HubError> {
        let cache = self.cache(&dataset.repository());
        let absent = |why: String| self.absent(RepositoryKind::Dataset, dataset, why);
        let commit = cache.commit(dataset.revision()).ok_or_else(|| absent("is not there".to_owned()))?;
        let folder = cache.snapshot(&commit);
        let listed = names(&cache, &commit);
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        if needs_card(dataset, &listed) && !folder.join(README).is_file() {
            return Err(absent(format!("lacks `{README}`")));
        }
        let choice = match choose(dataset, &card(dataset, &folder, &listed)?, &listed) {
            Err(HubError::NoData { .. } | HubError::NoFile { .. }) => {
                return Err(absent("is not whole".to_owned()));
            }
            other => other?,
        };
        let files = choice.files();
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        // A link whose content is gone is no file.
        let gone = names.iter().find(|name| !folder.join(name).is_file()).map(|&name| name.to_owned());
        match gone.or_else(|| missing_part(&names)) {
            Some(name) => Err(absent(format!("lacks `{name}`"))),
            None => Ok(pulled(&folder, choice)),
        }
    }
}

/// All files of a commit as far as it is known.
fn names(cache: &RepoCache, commit: &str) -> Vec<String> {
    cache.listing(commit).unwrap_or_else(|| cache::files(&cache.snapshot(commit)))
}

/// A path says itself which files it means.
fn needs_card(dataset: &HubDataset, names: &[&str]) -> bool {
    !matches!(dataset.part, Some(DatasetPart::Path(_))) && names.contains(&README)
}

fn card(dataset: &HubDataset, folder: &Path, names: &[&str]) -> Result<Vec<CardConfig>, HubError> {
    if !needs_card(dataset, names) {
        return Ok(Vec::new());
    }
    let path = folder.join(README);
    let text = fs::read(&path).map_err(|source| HubError::Cache { path, source })?;
    let card = |why: String| HubError::Card { repo: dataset.repo.clone(), why };
    configs(&String::from_utf8_lossy(&text)).map_err(card)
}

fn pulled(folder: &Path, choice: DatasetChoice) -> PulledDataset {
    let paths = |names: &[String]| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
    let files = paths(&choice.files());
    match choice {
        DatasetChoice::Folder(below, _) => PulledDataset { folder: folder.join(below), files, splits: None },
        DatasetChoice::Splits(splits) => {
            let splits = splits.into_iter().map(|(split, names)| (split, paths(&names))).collect();
            PulledDataset { folder: folder.to_owned(), files, splits: Some(splits) }
        }
    }
}
