//! How a model on a hub is named.

use std::{fmt, path::Path, str::FromStr};

use super::{
    error::HubError,
    repository::{Repository, RepositoryKind},
};

/// The revision where none is named.
pub(super) const MAIN: &str = "main";

/// A model on a hub: `ORG/NAME`, `ORG/NAME:QUANTISATION` or `ORG/NAME/FILE.gguf`, then `@REVISION` if it is not `main`.
///
/// ```
/// use toolformer_model::{GgufChoice, HubModel};
///
/// let model: HubModel = "org/name-GGUF:Q4_K_M@v1.0".parse()?;
/// assert_eq!(model.repo, "org/name-GGUF");
/// assert_eq!(model.gguf, Some(GgufChoice::Quantisation("Q4_K_M".into())));
/// assert_eq!(model.revision(), "v1.0");
/// # Ok::<(), toolformer_model::HubError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubModel {
    /// `org/name`.
    pub repo: String,
    /// A branch, a tag or a commit; `main` if there is none.
    pub revision: Option<String>,
    /// Which GGUF file, in a repository with several.
    pub gguf: Option<GgufChoice>,
}

/// One of a repository's GGUF files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GgufChoice {
    /// The one whose name ends in this, such as `Q4_K_M`; case does not count.
    Quantisation(String),
    /// By its path in the repository.
    Path(String),
}

impl HubModel {
    /// The revision, or `main`.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    pub(super) fn repository(&self) -> Repository {
        let (id, revision) = (self.repo.clone(), self.revision().to_owned());
        Repository { kind: RepositoryKind::Model, id, revision }
    }

    /// The same model at a revision.
    ///
    /// # Errors
    /// If a text cannot be a revision.
    pub fn at(self, revision: &str) -> Result<Self, HubError> {
        if !is_revision(revision) {
            return Err(HubError::Id {
                text: format!("{}@{revision}", self.repo),
                why: "the revision must be a branch, a tag or a commit".to_owned(),
            });
        }
        Ok(Self { revision: Some(revision.to_owned()), ..self })
    }
}

impl FromStr for HubModel {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let wrong = |why: &str| HubError::Id { text: text.to_owned(), why: why.to_owned() };
        let (name, revision) = match text.split_once('@') {
            Some((name, revision)) => (name, Some(revision)),
            None => (text, None),
        };
        let (path, quantisation) = match name.split_once(':') {
            Some((path, quantisation)) => (path, Some(quantisation)),
            None => (name, None),
        };
        let mut parts = path.splitn(3, '/');
        let (Some(org), Some(repo), file) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it must be ORG/NAME"));
        };
        if ![org, repo].into_iter().all(is_part) {
            return Err(wrong("names hold letters, digits, `-`, `_` and `.`"));
        }
        let gguf = match (file, quantisation) {
            (None, None) => None,
            (Some(file), None) if file.ends_with(".gguf") && is_safe_path(file) => {
                Some(GgufChoice::Path(file.to_owned()))
            }
            (None, Some(tag)) if is_part(tag) => Some(GgufChoice::Quantisation(tag.to_owned())),
            _ => return Err(wrong("behind the name stands one .gguf file or one quantisation")),
        };
        let model = Self { repo: format!("{org}/{repo}"), revision: None, gguf };
        match revision {
            Some(revision) => model.at(revision),
            None => Ok(model),
        }
    }
}

impl fmt::Display for HubModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        match &self.gguf {
            Some(GgufChoice::Quantisation(tag)) => write!(f, ":{tag}")?,
            Some(GgufChoice::Path(path)) => write!(f, "/{path}")?,
            None => {}
        }
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

/// The rules of the hub for the names of owners and repositories.
pub(super) fn is_part(part: &str) -> bool {
    let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let ends = |c: char| part.starts_with(c) || part.ends_with(c);
    plain
        && !part.is_empty()
        && part.len() <= 96
        && !ends('.')
        && !ends('-')
        && !part.contains("..")
        && !part.contains("--")
}

/// What git allows as a name, and what is safe as a path.
pub(super) fn is_revision(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !"\\~^:?*[@%#".contains(c));
    plain && text.len() <= 200 && is_safe_path(text) && !text.contains("..")
}

/// Whether a path of a repository stays inside a folder, on every system.
pub(super) fn is_safe_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && !part.ends_with('.')
            && !part.chars().any(|c| c.is_control() || "\\:*?\"<>|".contains(c))
    };
    path.len() <= 1000 && path.split('/').all(plain) && Path::new(path).is_relative()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for text in [
            "org/name",
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "a/b.c@v1.0",
            "a/b@refs/pr/1",
            "a/b:Q4_K_M",
            "a/b:Q4_K_M@main",
            "a/b/c.gguf",
            "a/b/Q4/c.gguf@0123456789012345678901234567890123456789",
        ] {
            assert_eq!(text.parse::<HubModel>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_name() {
        for text in [
            "",
            "name",
            "/a/b",
            "./model",
            "../model",
            "~/model",
            "a/",
            "a b/c",
            "a/b/c",
            "a/b/",
            "a/.b",
            "a/..",
            "a/b..c",
            "a/b@",
            "a/b@../x",
            "a/b@/x",
            "a/b@x/../y",
            "a/b@x y",
            "a/b@a@b",
            "a/b:",
            "a/b:../x",
            "a/b/c.gguf:Q8_0",
            "a/b/../c.gguf",
            "a/b//c.gguf",
            "a/b/c\\d.gguf",
            "a--b/c",
        ] {
            let error = text.parse::<HubModel>().unwrap_err();
            assert!(error.to_string().contains("write ORG/NAME"), "{text}: {error}");
        }
    }
}
