//! What can go wrong with an index. Each text says what to do.

use std::path::{Path, PathBuf};

/// Why an index could not be built, opened or searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A file cannot be read.
    #[error("cannot read {}; check that the path is right and the permissions allow it", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}; free space or choose another place, then build the index again", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The articles are not as expected.
    #[error("{}, line {line}, {why}", path.display())]
    Articles {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what to do.
        why: String,
    },
    /// There was no article to build from.
    #[error("there is no article to build an index from; give at least one")]
    NoArticles,
    /// The folder holds something else.
    #[error(
        "{} is not a search index and not empty (it holds `{found}`); choose another folder, or empty this one",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// A name in it that is not an index's.
        found: String,
    },
    /// Another process builds there.
    #[error("an index is being built in {} by another process; wait for it, or choose another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// There is no index, or one whose building was cut off.
    #[error("{} holds no finished search index; build one there, with `toolformer index build`", path.display())]
    NoIndex {
        /// The folder.
        path: PathBuf,
    },
    /// The index was built by another version of this program.
    #[error("the search index in {} has the format {found}, not {expected}; build it again", path.display())]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The format that this version reads.
        expected: String,
    },
    /// The index is not what was written.
    #[error("the search index in {} is damaged: {why}; build it again", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The search engine failed.
    #[error("the search engine failed in {}; if the folder is in order, build the index again", path.display())]
    Engine {
        /// The index's folder.
        path: PathBuf,
        /// The engine's reason.
        source: tantivy::TantivyError,
    },
}

impl IndexError {
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    pub(super) fn engine(path: &Path) -> impl FnOnce(tantivy::TantivyError) -> Self {
        let path = path.to_owned();
        move |source| Self::Engine { path, source }
    }
}
