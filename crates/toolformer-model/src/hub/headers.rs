//! What describes a model, without its weights.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{
    OnEvent,
    cache::create_dir,
    choose::{Choice, Weights, choose},
    client::{About, Client},
    error::HubError,
    id::HubModel,
    listing::{Listing, describe},
    repository::Repository,
    shards,
};
use crate::gguf::GgufFile;

/// The longest file beside the weights, bytes.
const MAX_SMALL: u64 = 256 << 20;

/// The longest header of safetensors, as that format's library has it.
const MAX_SAFETENSORS: u64 = 100_000_000;

/// How much of a GGUF file is fetched at first, and at most, to find where its header ends; bytes.
const FIRST_GGUF: u64 = 8 << 20;
const MAX_GGUF: u64 = 512 << 20;

/// Fetches parts of one commit's files into a folder.
struct Peek<'a> {
    client: &'a Client,
    repo: &'a Repository,
    listing: &'a Listing,
    folder: &'a Path,
}

pub(super) fn fetch(
    client: &Client,
    model: &HubModel,
    listing: &Listing,
    folder: &Path,
    on_event: &mut OnEvent<'_>,
) -> Result<PathBuf, HubError> {
    let peek = Peek { client, repo: &model.repository(), listing, folder };
    match choose(model, &listing.names())? {
        Choice::Gguf(name) => peek.gguf(&name, on_event),
        Choice::Folder { small, weights } => {
            for name in &small {
                peek.small(name, on_event)?;
            }
            let names = match weights {
                Weights::Whole(name) => vec![name],
                Weights::Index(index) => shards(&peek.small(&index, on_event)?)?,
            };
            for name in names.iter().filter(|name| name.ends_with(".safetensors")) {
                peek.safetensors(name, on_event)?;
            }
            Ok(folder.to_owned())
        }
    }
}

impl Peek<'_> {
    fn small(&self, name: &str, on_event: &mut OnEvent<'_>) -> Result<PathBuf, HubError> {
        let bytes = self.client.retrying(on_event, |_| self.bytes(name, None, MAX_SMALL))?;
        let path = self.path(name)?;
        fs::write(&path, bytes).map_err(|source| HubError::write(&path, source))?;
        Ok(path)
    }

    fn safetensors(&self, name: &str, on_event: &mut OnEvent<'_>) -> Result<(), HubError> {
        let mut first = |count: u64| self.client.retrying(on_event, |_| self.first(name, count));
        let length = first(8)?;
        let damaged = || HubError::Damaged { file: name.to_owned(), why: "it has no header".to_owned() };
        let header = length.as_slice().try_into().map(u64::from_le_bytes).map_err(|_| damaged())?;
        if header > MAX_SAFETENSORS {
            return Err(damaged());
        }
        self.hollow(name, &first(8 + header)?).map(|_| ())
    }

    fn gguf(&self, name: &str, on_event: &mut OnEvent<'_>) -> Result<PathBuf, HubError> {
        let mut count = FIRST_GGUF;
        loop {
            let bytes = self.client.retrying(on_event, |_| self.first(name, count))?;
            let path = self.hollow(name, &bytes)?;
            let all = (bytes.len() as u64) < count || count >= MAX_GGUF;
            // Behind what was fetched there are zeros, which may pass for metadata: what counts is where it ends.
            match GgufFile::open(&path) {
                Ok(file) if all || header_end(&file).is_some_and(|end| end <= count) => return Ok(path),
                // Whoever reads it says what is wrong.
                Err(_) if all => return Ok(path),
                _ => count = (count * 4).min(MAX_GGUF),
            }
        }
    }

    /// A file of the listed length that holds only the first bytes; the rest takes no space.
    fn hollow(&self, name: &str, first: &[u8]) -> Result<PathBuf, HubError> {
        let path = self.path(name)?;
        let size = match self.listing.file(self.repo, name)?.size {
            Some(size) => Some(size),
            None => describe(self.client, self.repo, &self.listing.commit, name)?.size,
        };
        let size = size.unwrap_or_default().max(first.len() as u64);
        let write = || {
            let mut file = File::create(&path)?;
            file.set_len(size)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(first)
        };
        write().map_err(|source| HubError::write(&path, source))?;
        Ok(path)
    }

    fn path(&self, name: &str) -> Result<PathBuf, HubError> {
        let path = self.folder.join(name);
        path.parent().map_or(Ok(()), create_dir)?;
        Ok(path)
    }

    fn first(&self, name: &str, count: u64) -> Result<Vec<u8>, HubError> {
        self.bytes(name, Some(count), count)
    }

    /// The first bytes of a file, or all of it, at most `limit`.
    fn bytes(&self, name: &str, first: Option<u64>, limit: u64) -> Result<Vec<u8>, HubError> {
        let about = About { repo: self.repo, file: Some(name) };
        let url = self.client.file_url(self.repo, &self.listing.commit, name);
        let range = first.map(|count| format!("bytes=0-{}", count.saturating_sub(1)));
        let answer = self.client.get(&url, range.as_deref(), about)?;
        if first.is_none() {
            return answer.read_up_to(limit, &self.client.host());
        }
        // A server without ranges sends all of it: the rest is left unread.
        let mut bytes = Vec::new();
        let mut reader = answer.body.into_reader().take(limit);
        reader.read_to_end(&mut bytes).map_err(|error| super::client::broken(&self.client.host(), &error))?;
        Ok(bytes)
    }
}

/// Where a file's header ends, at the latest.
fn header_end(file: &GgufFile) -> Option<u64> {
    file.tensors().iter().map(|tensor| tensor.offset as u64).min()
}
