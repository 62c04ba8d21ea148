//! What can go wrong with a hub. Each text says what to do about it.

use std::{path::PathBuf, time::Duration};

use thiserror::Error;

use super::{
    repository::RepositoryKind,
    words::{denied, in_brackets, listed, shown},
};

/// An error of a [`Hub`](super::Hub).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text names no model.
    #[error(
        "`{text}` is no hub id: {why}; write ORG/NAME, ORG/NAME:Q4_K_M or ORG/NAME/FILE.gguf, with @REVISION at the end if need be"
    )]
    Id {
        /// The text.
        text: String,
        /// What is wrong.
        why: String,
    },

    /// A text names no data set.
    #[error(
        "`{text}` is no hub id of a data set: {why}; write ORG/NAME, ORG/NAME:CONFIG or ORG/NAME/FOLDER, with @REVISION at the end if need be"
    )]
    DatasetId {
        /// The text.
        text: String,
        /// What is wrong.
        why: String,
    },

    /// A setting cannot be used.
    #[error("the hub's {name} {why}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What is wrong with it, and what it must be.
        why: String,
    },

    /// There is no such repository, or only for others.
    #[error(
        "the hub has no {kind} `{repo}`{}; check the name{}", in_brackets(.said),
        if *had_token { " and that the token may see it" } else { "; a private one needs a token in HF_TOKEN" }
    )]
    NoRepository {
        /// The repository.
        repo: String,
        /// What it was to hold.
        kind: RepositoryKind,
        /// Whether a token was sent.
        had_token: bool,
        /// The server's words.
        said: String,
    },

    /// The repository has no such revision.
    #[error("`{repo}` has no revision `{revision}`; give a branch, a tag or a commit that it has")]
    NoRevision {
        /// The repository.
        repo: String,
        /// The revision.
        revision: String,
    },

    /// The repository has no such file.
    #[error("`{repo}` has no file for `{wanted}`; {}", listed(.files))]
    NoFile {
        /// The repository.
        repo: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        files: Vec<String>,
    },

    /// The repository holds nothing that a model is read from.
    #[error(
        "`{repo}` holds no model that can be read (config.json with safetensors or pytorch_model.bin, or a .gguf file); {}",
        listed(.files)
    )]
    NoModel {
        /// The repository.
        repo: String,
        /// What there is.
        files: Vec<String>,
    },

    /// More than one GGUF file fits.
    #[error("`{repo}` holds several GGUF files; name one, as in {repo}:Q4_K_M or {repo}/FILE.gguf; {}", listed(.files))]
    ChooseGguf {
        /// The repository.
        repo: String,
        /// Those that fit.
        files: Vec<String>,
    },

    /// A GGUF file in parts.
    #[error(
        "`{file}` is one part of a GGUF file, which is not read; join the parts with `llama-gguf-split --merge`, and give the path"
    )]
    Parts {
        /// The file.
        file: String,
    },

    /// The repository holds nothing that data are read from.
    #[error(
        "`{repo}` holds no data there that can be read (.parquet, .json, .jsonl, .csv, .tsv or .txt, all but Parquet also \
         with .gz); of a data set that a script makes, the hub may have a copy in Parquet: {repo}@refs/convert/parquet; {}",
        listed(.files)
    )]
    NoData {
        /// The repository.
        repo: String,
        /// What there is.
        files: Vec<String>,
    },

    /// The repository holds several data sets.
    #[error(
        "`{repo}` holds several sets; name one, as in {repo}:{}: {}",
        configs.first().map(|name| shown(name)).unwrap_or_default(), named(configs)
    )]
    ChooseConfig {
        /// The repository.
        repo: String,
        /// Their names.
        configs: Vec<String>,
    },

    /// The repository has no configuration of this name.
    #[error("`{repo}` has no configuration `{config}`; {}", listed(configs))]
    NoConfig {
        /// The repository.
        repo: String,
        /// The name.
        config: String,
        /// Those that it has.
        configs: Vec<String>,
    },

    /// What a data set's README.md says about its files makes no sense.
    #[error(
        "what the README.md of `{repo}` says about its files cannot be used: {}; name the files yourself, as in {repo}/FOLDER",
        shown(.why)
    )]
    Card {
        /// The repository.
        repo: String,
        /// What is wrong.
        why: String,
    },

    /// The server does not let us.
    #[error("{}", denied(repo, *kind, *gated, *had_token, said))]
    Denied {
        /// The repository.
        repo: String,
        /// What it holds.
        kind: RepositoryKind,
        /// Whether its owners let in whom they choose.
        gated: bool,
        /// Whether a token was sent.
        had_token: bool,
        /// The server's words.
        said: String,
    },

    /// The server has too much to do, or is out of order.
    #[error("the hub at {host} answers {status}, still after {tries} tries; try again later")]
    Busy {
        /// The server.
        host: String,
        /// Its status.
        status: u16,
        /// How often it was asked.
        tries: u32,
        /// How long it wants to be left alone.
        wait: Option<Duration>,
    },

    /// The server answers with a status that means nothing to us.
    #[error("the hub at {host} answers {status}{}; check HF_ENDPOINT", in_brackets(.said))]
    Status {
        /// The server.
        host: String,
        /// Its status.
        status: u16,
        /// Its words.
        said: String,
    },

    /// The server cannot be reached.
    #[error(
        "{host} cannot be reached ({why}); check the network and HF_ENDPOINT, or set HF_HUB_OFFLINE=1 to use what is in the cache"
    )]
    Unreachable {
        /// The server.
        host: String,
        /// The reason.
        why: String,
        /// Whether it may pass.
        passing: bool,
    },

    /// Redirects that are not followed.
    #[error("the hub redirects {what}; check HF_ENDPOINT")]
    Redirect {
        /// How.
        what: String,
    },

    /// An answer that makes no sense.
    #[error("the hub's answer cannot be used: {what}; check HF_ENDPOINT, or try again later")]
    Answer {
        /// What is wrong.
        what: String,
    },

    /// A transfer ended too early.
    #[error(
        "`{file}` was cut off after {done} of {size} bytes; run the same command again: it goes on from there"
    )]
    Cut {
        /// The file.
        file: String,
        /// Bytes here.
        done: u64,
        /// Bytes in all.
        size: u64,
        /// Bytes that came with this try.
        gained: u64,
    },

    /// What came is not what is listed.
    #[error(
        "`{file}` came damaged ({why}) and was thrown away; try again, and if it stays so tell the repository's owner"
    )]
    Damaged {
        /// The file.
        file: String,
        /// How it differs.
        why: String,
    },

    /// A name would lead out of the cache.
    #[error(
        "the repository names a file `{name}`, which would lie outside its folder; do not trust this repository"
    )]
    UnsafeName {
        /// The name.
        name: String,
    },

    /// The cache cannot be read or written.
    #[error("cannot access {} in the hub's cache; check its permissions, or set HF_HOME to another folder", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// The disk is full.
    #[error(
        "no space left for {}; free some and run the same command again, or set HF_HOME to a folder on a larger disk",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// A model or a data set is not in the cache.
    #[error(
        "the {kind} `{id}` {why} in the cache ({}); {}", cache.display(),
        if *offline { "the network is not used (HF_HUB_OFFLINE): pull it once without that" } else { "pull it" }
    )]
    NotCached {
        /// Which of the two.
        kind: RepositoryKind,
        /// Its name.
        id: String,
        /// What is wrong with it there.
        why: String,
        /// Whether that is for want of a network.
        offline: bool,
        /// The cache.
        cache: PathBuf,
    },
}

fn named(configs: &[String]) -> String {
    configs.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ")
}

impl HubError {
    /// An error with a file that is written.
    pub(super) fn write(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full { path: path.into(), source },
            _ => Self::Cache { path: path.into(), source },
        }
    }

    /// Whether it may be otherwise the next time, and how long the server wants to be left alone.
    pub(super) fn passing(&self) -> Option<Option<Duration>> {
        match self {
            Self::Busy { wait, .. } => Some(*wait),
            Self::Unreachable { passing: true, .. } | Self::Cut { .. } => Some(None),
            _ => None,
        }
    }

    /// Whether the server could not be asked at all.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }
}
