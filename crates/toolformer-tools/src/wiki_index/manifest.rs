//! The file that makes a folder an index.
//!
//! An index is a folder with `wiki-index.json`, which names the subfolder that holds the data. A build fills a
//! subfolder of its own and then replaces the manifest by one rename: whenever it is killed, the folder is what it was
//! before, or the new index.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{error::IndexError, fields::ANALYSIS};

const MANIFEST: &str = "wiki-index.json";
const PARTIAL: &str = "wiki-index.json.partial";
const LOCK: &str = "wiki-index.lock";
const DATA: &str = "wiki-data-";
const FORMAT: u32 = 1;

/// What is written about an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    analysis: String,
    pub(super) articles: u64,
    /// SHA-256 of the articles in their order, in hexadecimal.
    sha256: String,
    /// The number of the subfolder with the data.
    data: u64,
    /// The data's files with their lengths in bytes.
    files: BTreeMap<String, u64>,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// If there is none, or not one of this version.
    pub(super) fn read(folder: &Path) -> Result<Self, IndexError> {
        let path = folder.join(MANIFEST);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => IndexError::NoIndex { path: folder.to_owned() },
            _ => IndexError::Read { path, source },
        })?;
        // The format first: another version's manifest may have other fields.
        let damaged = |error: serde_json::Error| IndexError::Damaged {
            path: folder.to_owned(),
            why: format!("{MANIFEST} is not a manifest ({error})"),
        };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        let found = format!("{} of {}", shown(&value, "format"), shown(&value, "analysis"));
        let expected = format!("{FORMAT} of {ANALYSIS}");
        if found != expected {
            return Err(IndexError::OtherFormat { path: folder.to_owned(), found, expected });
        }
        serde_json::from_value(value).map_err(damaged)
    }

    /// What tells indexes apart: the articles, and how they are searched.
    pub(super) fn checksum(&self) -> String {
        format!("{} {}", self.analysis, self.sha256)
    }

    /// The subfolder with the data.
    pub(super) fn data(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{DATA}{}", self.data))
    }

    /// What is wrong with the data's files, if something is.
    pub(super) fn damage(&self, folder: &Path) -> Option<String> {
        let data = self.data(folder);
        self.files.iter().find_map(|(name, &expected)| match fs::metadata(data.join(name)) {
            Err(error) => Some(format!("{name}: {error}")),
            Ok(file) if file.len() != expected => {
                Some(format!("{name} has {} bytes instead of {expected}", file.len()))
            }
            Ok(_) => None,
        })
    }
}

fn shown(value: &serde_json::Value, field: &str) -> String {
    value.get(field).map_or_else(|| "?".to_owned(), |value| value.to_string().replace('"', ""))
}

/// What a build has put into its subfolder.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) articles: u64,
    /// SHA-256 of the articles in their order, in hexadecimal.
    pub(super) sha256: String,
}

/// A folder in which this process, and no other, builds an index.
#[derive(Debug)]
pub(super) struct Building {
    folder: PathBuf,
    /// The subfolder to be filled.
    pub(super) data: PathBuf,
    number: u64,
    lock: File,
}

impl Drop for Building {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started has a copy of the file open.
        let _ = self.lock.unlock();
    }
}

impl Building {
    /// Takes a folder, which is made if needed, and removes what a build that was killed has left in it. Where a
    /// manifest is there but not understood, nothing is removed before the new index is complete: any data may be
    /// what it names.
    ///
    /// # Errors
    /// If it holds other things, another process builds there, or it cannot be read or written.
    pub(super) fn start(folder: &Path) -> Result<Self, IndexError> {
        fs::create_dir_all(folder).map_err(IndexError::write(folder))?;
        let names = names(folder).map_err(IndexError::read(folder))?;
        let foreign = names.iter().find(|name| !is_ours(name));
        if let (Some(found), false) = (foreign, names.iter().any(|name| name == MANIFEST)) {
            return Err(IndexError::Foreign { path: folder.to_owned(), found: found.clone() });
        }
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(IndexError::write(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => IndexError::InUse { path: folder.to_owned() },
            TryLockError::Error(source) => IndexError::Write { path, source },
        })?;
        match Manifest::read(folder) {
            Ok(manifest) => remove_data_but(folder, Some(manifest.data))?,
            Err(IndexError::NoIndex { .. }) => remove_data_but(folder, None)?,
            Err(IndexError::OtherFormat { .. } | IndexError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
        let left = self::names(folder).map_err(IndexError::read(folder))?;
        let last = left.iter().filter_map(|name| data_number(name)).max();
        let number = last.unwrap_or(0).saturating_add(1);
        let data = folder.join(format!("{DATA}{number}"));
        fs::create_dir(&data).map_err(IndexError::write(&data))?;
        Ok(Self { folder: folder.to_owned(), data, number, lock })
    }

    /// Makes the data the folder's index and removes the one that was there.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub(super) fn finish(self, filled: Filled) -> Result<(), IndexError> {
        let mut files = BTreeMap::new();
        let permissions = self.lock.metadata().map_err(IndexError::read(&self.folder))?.permissions();
        for name in names(&self.data).map_err(IndexError::read(&self.data))? {
            let path = self.data.join(&name);
            if name.ends_with(".lock") {
                fs::remove_file(&path).map_err(IndexError::write(&path))?;
                continue;
            }
            let file = fs::metadata(&path).map_err(IndexError::read(&path))?;
            files.insert(name, file.len());
            // The engine lets only the owner read some files; who may read the folder may use the index.
            fs::set_permissions(&path, permissions.clone()).map_err(IndexError::write(&path))?;
        }
        let manifest = Manifest {
            format: FORMAT,
            analysis: ANALYSIS.to_owned(),
            articles: filled.articles,
            sha256: filled.sha256,
            data: self.number,
            files,
        };
        let path = self.folder.join(MANIFEST);
        self.write(&manifest, &path).map_err(IndexError::write(&path))?;
        remove_data_but(&self.folder, Some(self.number))
    }

    fn write(&self, manifest: &Manifest, path: &Path) -> io::Result<()> {
        let partial = self.folder.join(PARTIAL);
        let mut file = File::create(&partial)?;
        file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(&self.folder)
    }

    /// Removes the data of a build that failed.
    pub(super) fn give_up(self) {
        // What stays is removed by the next build.
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Makes a rename last, before what it replaced is removed.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems do not open folders.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn remove_data_but(folder: &Path, kept: Option<u64>) -> Result<(), IndexError> {
    for name in names(folder).map_err(IndexError::read(folder))? {
        if data_number(&name).is_some_and(|number| Some(number) != kept) {
            let path = folder.join(name);
            fs::remove_dir_all(&path).map_err(IndexError::write(&path))?;
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    [MANIFEST, PARTIAL, LOCK].contains(&name) || data_number(name).is_some()
}

fn data_number(name: &str) -> Option<u64> {
    name.strip_prefix(DATA)?.parse().ok()
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
