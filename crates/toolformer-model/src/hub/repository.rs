//! A repository of a hub at a revision.

use std::fmt;

use hf_hub::{Repo, RepoType};

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepositoryKind {
    /// A model.
    Model,
    /// A data set.
    Dataset,
}

impl fmt::Display for RepositoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Dataset => "data set",
        })
    }
}

/// A repository at a revision: what addresses, and folders of the cache, are made of.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) kind: RepositoryKind,
    /// `org/name`.
    pub(super) id: String,
    /// A branch, a tag or a commit.
    pub(super) revision: String,
}

impl Repository {
    /// As the crate `hf-hub` has it, which knows the addresses and the names of folders.
    pub(super) fn named(&self) -> Repo {
        let kind = match self.kind {
            RepositoryKind::Model => RepoType::Model,
            RepositoryKind::Dataset => RepoType::Dataset,
        };
        Repo::with_revision(self.id.clone(), kind, self.revision.clone())
    }
}
