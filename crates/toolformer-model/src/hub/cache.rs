//! The cache on disk, as Hugging Face's libraries lay it out: `blobs` by checksum, `snapshots` of links to them by
//! commit, `refs` from revisions to commits.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use hf_hub::{Cache, CacheRepo, Repo};

use super::{
    OnEvent, PullEvent,
    choose::{Choice, Weights, choose},
    error::HubError,
    id::{HubModel, is_safe_path},
    repository::Repository,
    shards,
};

/// So deep are the folders of a snapshot looked through.
const MAX_DEPTH: usize = 8;

/// Where the names of all files of a commit are kept, each commit's in a file. Other libraries have no such folder, and
/// leave it alone.
const LISTINGS: &str = "listings";

/// A repository's part of the cache.
pub(super) struct RepoCache {
    cache: Cache,
    repo: Repo,
}

/// A model in the cache, at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedModel {
    /// `org/name`.
    pub repo: String,
    /// The commit.
    pub commit: String,
    /// The revisions that are this commit, such as `main`.
    pub revisions: Vec<String>,
    /// Its files that a model is read from: `safetensors`, `pytorch`, or `gguf`; `other` if there are none.
    pub kind: &'static str,
    /// Its GGUF files.
    pub ggufs: Vec<String>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Whether all files are there. A single file missing of those that can do without goes unnoticed.
    pub whole: bool,
    /// The folder.
    pub path: PathBuf,
}

impl RepoCache {
    pub(super) fn new(cache: &Path, repo: &Repository) -> Self {
        Self { cache: Cache::new(cache.to_owned()), repo: repo.named() }
    }

    fn entry(&self) -> CacheRepo {
        self.cache.repo(self.repo.clone())
    }

    fn folder(&self) -> PathBuf {
        self.cache.path().join(self.repo.folder_name())
    }

    /// The folder of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.entry().pointer_path(commit)
    }

    /// Where the content of this checksum is.
    pub(super) fn blob(&self, name: &str) -> PathBuf {
        self.entry().blob_path(name)
    }

    /// Where as much of it is as has come.
    pub(super) fn part(&self, name: &str) -> PathBuf {
        self.blob(&format!("{name}.incomplete"))
    }

    /// The commit that a revision was when it was last asked for.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.folder().join("refs").join(revision)).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    /// Notes which commit a revision is.
    pub(super) fn point(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) {
            return Ok(());
        }
        self.entry()
            .create_ref(commit)
            .map_err(|source| HubError::write(self.folder().join("refs").join(revision), source))
    }

    /// The names of all files of a commit, whether they are here or not, if they were kept.
    pub(super) fn listing(&self, commit: &str) -> Option<Vec<String>> {
        let text = fs::read(self.folder().join(LISTINGS).join(format!("{commit}.json"))).ok()?;
        let names: Vec<String> = serde_json::from_slice(&text).ok()?;
        Some(names.into_iter().filter(|name| is_safe_path(name)).collect())
    }

    /// Keeps them, so that it can be told without the hub whether a part of the files is all of them.
    pub(super) fn keep_listing(&self, commit: &str, names: &[&str]) -> Result<(), HubError> {
        let folder = self.folder().join(LISTINGS);
        create_dir(&folder)?;
        let path = folder.join(format!("{commit}.json"));
        let new = folder.join(format!("{commit}.json.{}", std::process::id()));
        let text = serde_json::to_vec(names).unwrap_or_default();
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|source| HubError::write(&path, source))
    }

    /// Waits until nobody else, in whatever process or library, fetches the content of this checksum.
    pub(super) fn lock(&self, name: &str, on_event: &mut OnEvent<'_>) -> Result<File, HubError> {
        let folder = self.cache.path().join(".locks").join(self.repo.folder_name());
        let path = folder.join(format!("{name}.lock"));
        let wrong = |source| HubError::write(&path, source);
        create_dir(&folder)?;
        let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_event(PullEvent::Note("another process fetches the same file; waiting for it"));
                file.lock().map_err(wrong)?;
            }
            Err(TryLockError::Error(source)) => return Err(wrong(source)),
        }
        Ok(file)
    }

    /// Shows content as a file of a commit.
    pub(super) fn link(&self, commit: &str, file: &str, blob: &str) -> Result<(), HubError> {
        let link = self.snapshot(commit).join(file);
        let blob = self.blob(blob);
        let wrong = |source| HubError::write(&link, source);
        link.parent().map_or(Ok(()), create_dir)?;
        let up = "../".repeat(2 + file.matches('/').count());
        let relative = Path::new(&up).join("blobs").join(blob.file_name().unwrap_or_default());
        match symlink(&relative, &blob, &link) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => return other.map_err(wrong),
        }
        if matches!((fs::canonicalize(&link), fs::canonicalize(&blob)), (Ok(a), Ok(b)) if a == b) {
            return Ok(());
        }
        // It leads to content that is gone, or to another's: beside its place and renamed, so that a reader sees the old
        // one or the new one.
        let new = self.part(&format!("{}.{}", commit, file.replace('/', "--")));
        let _ = fs::remove_file(&new);
        symlink(&relative, &blob, &new).and_then(|()| fs::rename(&new, &link)).map_err(wrong)
    }
}

#[cfg(unix)]
fn symlink(relative: &Path, _blob: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(relative, link)
}

/// Links need rights elsewhere; the same file under a second name needs none.
#[cfg(not(unix))]
fn symlink(_relative: &Path, blob: &Path, link: &Path) -> io::Result<()> {
    fs::hard_link(blob, link)
}

pub(super) fn create_dir(folder: &Path) -> Result<(), HubError> {
    fs::create_dir_all(folder).map_err(|source| HubError::write(folder, source))
}

/// Whether a revision is a commit.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The files of a snapshot whose content is there, by their names in the repository.
pub(super) fn files(snapshot: &Path) -> Vec<String> {
    let mut files = Vec::new();
    walk(snapshot, "", MAX_DEPTH, &mut files);
    files.sort();
    files
}

fn walk(folder: &Path, before: &str, depth: usize, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (path, name) = (entry.path(), format!("{before}{name}"));
        // Follows links: a link whose content is gone is no file.
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => files.push(name),
            Ok(metadata) if metadata.is_dir() && depth > 0 => {
                walk(&path, &format!("{name}/"), depth - 1, files)
            }
            _ => {}
        }
    }
}

pub(super) fn list(cache: &Path) -> Result<Vec<CachedModel>, HubError> {
    let folders = match fs::read_dir(cache) {
        Ok(folders) => folders,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(HubError::Cache { path: cache.to_owned(), source }),
    };
    let mut models = Vec::new();
    for folder in folders.flatten() {
        let name = folder.file_name();
        let repo = name.to_str().and_then(|name| name.strip_prefix("models--"));
        // Models without an owner are from another time, and nothing here names them.
        if let Some(repo) = repo.map(|name| name.replace("--", "/"))
            && let Ok(model) = repo.parse::<HubModel>()
        {
            list_model(cache, &model, &folder.path(), &mut models);
        }
    }
    models.sort_by(|a, b| (&a.repo, &a.commit).cmp(&(&b.repo, &b.commit)));
    Ok(models)
}

fn list_model(cache: &Path, model: &HubModel, folder: &Path, models: &mut Vec<CachedModel>) {
    let cache = RepoCache::new(cache, &model.repository());
    let mut refs = Vec::new();
    walk(&folder.join("refs"), "", MAX_DEPTH, &mut refs);
    refs.sort();
    let mut revisions = BTreeMap::<String, Vec<String>>::new();
    for name in refs {
        if let Some(commit) = cache.commit(&name) {
            revisions.entry(commit).or_default().push(name);
        }
    }
    for snapshot in fs::read_dir(folder.join("snapshots")).into_iter().flatten().flatten() {
        let Ok(commit) = snapshot.file_name().into_string() else { continue };
        let (path, names) = (snapshot.path(), files(&snapshot.path()));
        if !is_commit(&commit) || names.is_empty() {
            continue;
        }
        let (kind, whole) = kind(model, &path, &names);
        let bytes =
            names.iter().filter_map(|name| fs::metadata(path.join(name)).ok()).map(|file| file.len()).sum();
        models.push(CachedModel {
            repo: model.repo.clone(),
            revisions: revisions.remove(&commit).unwrap_or_default(),
            kind,
            ggufs: names.into_iter().filter(|name| name.ends_with(".gguf")).collect(),
            bytes,
            whole,
            commit,
            path,
        });
    }
}

/// What a snapshot's model is read from, and whether it is all there.
fn kind(model: &HubModel, folder: &Path, names: &[String]) -> (&'static str, bool) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match choose(model, &names) {
        Ok(Choice::Folder { weights, .. }) => {
            let has = |shard: &String| names.contains(&shard.as_str());
            let whole = match &weights {
                Weights::Whole(_) => true,
                Weights::Index(index) => {
                    shards(&folder.join(index)).is_ok_and(|shards| shards.iter().all(has))
                }
            };
            (if weights.file().contains("safetensors") { "safetensors" } else { "pytorch" }, whole)
        }
        Ok(Choice::Gguf(_)) | Err(HubError::ChooseGguf { .. }) => ("gguf", true),
        Err(_) => ("other", false),
    }
}
