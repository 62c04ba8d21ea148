//! How a data set on a hub is named.

use std::{fmt, str::FromStr};

use super::{
    error::HubError,
    id::{MAIN, is_part, is_revision, is_safe_path},
    repository::{Repository, RepositoryKind},
};

/// A data set on a hub: `ORG/NAME`, `ORG/NAME:CONFIG` or `ORG/NAME/FOLDER`, then `@REVISION` if it is not `main`.
///
/// ```
/// use toolformer_model::{DatasetPart, HubDataset};
///
/// let data: HubDataset = "openai/gsm8k:socratic@v1.0".parse()?;
/// assert_eq!(data.repo, "openai/gsm8k");
/// assert_eq!(data.part, Some(DatasetPart::Config("socratic".into())));
/// assert_eq!(data.revision(), "v1.0");
/// # Ok::<(), toolformer_model::HubError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubDataset {
    /// `org/name`.
    pub repo: String,
    /// A branch, a tag or a commit; `main` if there is none.
    pub revision: Option<String>,
    /// Which of its data, where it holds several sets.
    pub part: Option<DatasetPart>,
}

/// A part of a repository's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetPart {
    /// A configuration that the repository's README.md lists, or else the folder of this name.
    Config(String),
    /// A folder, a file, or a pattern with `*`, `?` and `**`, in the repository.
    Path(String),
}

impl HubDataset {
    /// The revision, or `main`.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    pub(super) fn repository(&self) -> Repository {
        let (id, revision) = (self.repo.clone(), self.revision().to_owned());
        Repository { kind: RepositoryKind::Dataset, id, revision }
    }
}

impl FromStr for HubDataset {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let wrong = |why: &str| HubError::DatasetId { text: text.to_owned(), why: why.to_owned() };
        let (name, revision) = match text.split_once('@') {
            Some((name, revision)) => (name, Some(revision)),
            None => (text, None),
        };
        if revision.is_some_and(|revision| !is_revision(revision)) {
            return Err(wrong("the revision must be a branch, a tag or a commit"));
        }
        let (path, config) = match name.split_once(':') {
            Some((path, config)) => (path, Some(config)),
            None => (name, None),
        };
        let mut parts = path.splitn(3, '/');
        let (Some(org), Some(repo), inside) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it must be ORG/NAME"));
        };
        if ![org, repo].into_iter().all(is_part) {
            return Err(wrong("names hold letters, digits, `-`, `_` and `.`"));
        }
        let part = match (inside.map(|inside| inside.trim_end_matches('/')), config) {
            (None, None) => None,
            (Some(inside), None) if is_safe_path(&inside.replace(['*', '?'], "x")) => {
                Some(DatasetPart::Path(inside.to_owned()))
            }
            (None, Some(config)) if is_safe_path(config) && !config.contains('/') => {
                Some(DatasetPart::Config(config.to_owned()))
            }
            _ => {
                return Err(wrong(
                    "behind the name stands one configuration, or one folder, file or pattern",
                ));
            }
        };
        Ok(Self { repo: format!("{org}/{repo}"), revision: revision.map(str::to_owned), part })
    }
}

impl fmt::Display for HubDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        match &self.part {
            Some(DatasetPart::Config(config)) => write!(f, ":{config}")?,
            Some(DatasetPart::Path(path)) => write!(f, "/{path}")?,
            None => {}
        }
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for text in [
            "openai/gsm8k",
            "openai/gsm8k:main",
            "wikimedia/wikipedia:20231101.en@main",
            "a/b/data",
            "a/b/data/train-*.parquet@v1",
            "a/b/**/x.jsonl",
            "a/b@refs/convert/parquet",
        ] {
            assert_eq!(text.parse::<HubDataset>().unwrap().to_string(), text);
        }
        assert_eq!("a/b/data/".parse::<HubDataset>().unwrap().to_string(), "a/b/data");
    }

    #[test]
    fn what_is_no_name() {
        for text in [
            "", "name", "a/b:", "a/b:c/d", "a/b:../c", "a/b/..", "a/b/c:d", "a/b@", "a/b@../x", "a/.b",
            "a b/c",
        ] {
            let error = text.parse::<HubDataset>().unwrap_err();
            assert!(error.to_string().contains("write ORG/NAME, ORG/NAME:CONFIG"), "{text}: {error}");
        }
    }
}
