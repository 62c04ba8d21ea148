//! Models and data sets from a hub: pulled into the cache that Hugging Face's libraries share, found again there without a network.
//!
//! The cache's layout, the addresses and the default server are those of the crate `hf-hub`. The transfer is ours: that
//! of `hf-hub` 0.5 takes file names for the cache from the server unseen, appends whatever an answer holds to what is
//! there, and checks neither length nor checksum.

mod cache;
mod choose;
mod client;
mod dataset;
mod dataset_card;
mod dataset_files;
mod dataset_id;
mod digest;
mod download;
mod error;
mod headers;
mod id;
mod listing;
mod repository;
mod settings;
mod transfer;
mod words;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub use cache::CachedModel;
pub use dataset::PulledDataset;
pub use dataset_id::{DatasetPart, HubDataset};
pub use error::HubError;
pub use id::{GgufChoice, HubModel};
pub use repository::RepositoryKind;
pub use settings::HubSettings;

use cache::RepoCache;
use choose::{Choice, Weights, choose};
use client::Client;
use listing::Listing;
use repository::Repository;
use transfer::Transfer;

use crate::shard_index::ShardIndex;

/// What is told while a model or a data set is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullEvent<'a> {
    /// How far it is.
    Progress {
        /// The file under way.
        file: &'a str,
        /// Bytes here, over all files known so far.
        done: u64,
        /// Bytes in all, over all files known so far.
        total: u64,
    },
    /// Something that the user should know, such as that it is tried again.
    Note(&'a str),
}

/// Where events go.
type OnEvent<'a> = dyn FnMut(PullEvent<'_>) + 'a;

/// A hub with its cache.
#[derive(Debug)]
pub struct Hub {
    settings: HubSettings,
    client: Client,
}

impl Hub {
    /// Nothing is asked or read yet.
    ///
    /// # Errors
    /// If the endpoint is no address, or the token cannot stand in a header.
    pub fn new(settings: HubSettings) -> Result<Self, HubError> {
        Ok(Self { client: Client::new(&settings)?, settings })
    }

    /// The path of a model, which is fetched as far as it is not in the cache: its folder, or the `.gguf` file.
    ///
    /// Only files that a model is read from are fetched. What was cut off goes on where it stopped; processes that
    /// pull the same file wait for one another.
    ///
    /// # Errors
    /// If the hub refuses or cannot be reached, what it sends is not what it lists, or the disk is full; offline, if
    /// the cache does not hold the model. Nothing half-written is left where a model is read.
    pub fn pull(&self, model: &HubModel, on_event: &mut OnEvent<'_>) -> Result<PathBuf, HubError> {
        if self.settings.offline {
            return self.cached(model);
        }
        // What a commit holds never changes.
        if model.revision.as_deref().is_some_and(cache::is_commit)
            && let Ok(path) = self.cached(model)
        {
            return Ok(path);
        }
        let listing = self.listing(&model.repository(), on_event)?;
        self.fetch(model, &listing, on_event)
    }

    /// As [`Hub::pull`], but a model in the cache serves where the hub cannot be reached, with a note.
    ///
    /// # Errors
    /// As [`Hub::pull`].
    pub fn find(&self, model: &HubModel, on_event: &mut OnEvent<'_>) -> Result<PathBuf, HubError> {
        match self.pull(model, on_event) {
            Err(error) if error.is_unreachable() => match self.cached(model) {
                Ok(path) => {
                    on_event(PullEvent::Note(&format!("{error}; the model in the cache is used")));
                    Ok(path)
                }
                Err(_) => Err(error),
            },
            other => other,
        }
    }

    /// The path of a model in the cache; the network is not used.
    ///
    /// # Errors
    /// If the cache does not hold all of it.
    pub fn cached(&self, model: &HubModel) -> Result<PathBuf, HubError> {
        let cache = self.cache(&model.repository());
        let absent = |why: String| self.absent(RepositoryKind::Model, model, why);
        let commit = cache.commit(model.revision()).ok_or_else(|| absent("is not there".to_owned()))?;
        let folder = cache.snapshot(&commit);
        let names = cache::files(&folder);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let whole = choose(model, &names).and_then(|choice| match choice {
            Choice::Gguf(name) => Ok(folder.join(name)),
            Choice::Folder { weights: Weights::Whole(_), .. } => Ok(folder.clone()),
            Choice::Folder { weights: Weights::Index(index), .. } => {
                match shards(&folder.join(index))?.iter().find(|shard| !names.contains(&shard.as_str())) {
                    Some(shard) => Err(absent(format!("lacks `{shard}`"))),
                    None => Ok(folder.clone()),
                }
            }
        });
        whole.map_err(|error| match error {
            HubError::NoModel { .. } | HubError::NoFile { .. } => absent("is not whole".to_owned()),
            other => other,
        })
    }

    /// The models in the cache, by name.
    ///
    /// # Errors
    /// If the cache cannot be read; one that does not exist holds nothing.
    pub fn list(&self) -> Result<Vec<CachedModel>, HubError> {
        cache::list(&self.settings.cache)
    }

    /// Puts what describes a model into `folder`, without its weights, and returns the path to read it from.
    ///
    /// Weight files have their true length there, but only their headers are fetched: they must not be loaded. Weights
    /// of PyTorch have no header, and are left out.
    ///
    /// # Errors
    /// As [`Hub::pull`].
    pub fn headers(
        &self,
        model: &HubModel,
        folder: &Path,
        on_event: &mut OnEvent<'_>,
    ) -> Result<PathBuf, HubError> {
        let listing = self.listing(&model.repository(), on_event)?;
        headers::fetch(&self.client, model, &listing, folder, on_event)
    }

    fn listing(&self, repo: &Repository, on_event: &mut OnEvent<'_>) -> Result<Listing, HubError> {
        self.client.retrying(on_event, |_| listing::ask(&self.client, repo))
    }

    fn cache(&self, repo: &Repository) -> RepoCache {
        RepoCache::new(&self.settings.cache, repo)
    }

    fn fetch(
        &self,
        model: &HubModel,
        listing: &Listing,
        on_event: &mut OnEvent<'_>,
    ) -> Result<PathBuf, HubError> {
        let repo = model.repository();
        let cache = self.cache(&repo);
        let folder = cache.snapshot(&listing.commit);
        let mut transfer = Transfer::new(&self.client, &cache, &repo, listing);
        let path = match choose(model, &listing.names())? {
            Choice::Gguf(name) => {
                transfer.fetch(std::slice::from_ref(&name), on_event)?;
                folder.join(name)
            }
            Choice::Folder { mut small, weights } => {
                small.push(weights.file().to_owned());
                transfer.fetch(&small, on_event)?;
                if let Weights::Index(index) = weights {
                    transfer.fetch(&shards(&folder.join(index))?, on_event)?;
                }
                folder
            }
        };
        // Last, so that a revision in the cache is never half there.
        cache.point(model.revision(), &listing.commit)?;
        Ok(path)
    }

    /// What is not in the cache, and why.
    fn absent(&self, kind: RepositoryKind, id: &dyn fmt::Display, why: impl Into<String>) -> HubError {
        let (id, why) = (id.to_string(), why.into());
        HubError::NotCached {
            kind,
            id,
            why,
            offline: self.settings.offline,
            cache: self.settings.cache.clone(),
        }
    }
}

/// The names of the shards that an index lists.
fn shards(index: &Path) -> Result<Vec<String>, HubError> {
    let answer = |what: String| HubError::Answer { what };
    let text = std::fs::read(index).map_err(|source| HubError::Cache { path: index.to_owned(), source })?;
    let read: ShardIndex = serde_json::from_slice(&text)
        .map_err(|error| answer(format!("{} is no index of weights ({error})", index.display())))?;
    match read.shards().iter().find(|shard| shard.contains('/') || !id::is_safe_path(shard)) {
        Some(shard) => Err(HubError::UnsafeName { name: words::shown(shard) }),
        None => Ok(read.shards().into_iter().map(str::to_owned).collect()),
    }
}
