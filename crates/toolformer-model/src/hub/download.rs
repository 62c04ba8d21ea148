//! One file, from the hub into the cache: whole and checked, or not at all.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use super::{
    OnEvent, PullEvent,
    cache::{RepoCache, create_dir},
    client::{About, Answer, Client},
    digest::{Digest, Sum},
    error::HubError,
    listing::RemoteFile,
    repository::Repository,
};

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// What is fetched, and what it must come to.
struct Target<'a> {
    name: &'a str,
    digest: &'a Digest,
    /// None where the hub does not say.
    size: Option<u64>,
}

/// Fetches a file, unless it is there, and shows it in the commit's folder. Returns its length.
pub(super) fn to_cache(
    client: &Client,
    cache: &RepoCache,
    repo: &Repository,
    commit: &str,
    file: &RemoteFile,
    on_event: &mut OnEvent<'_>,
) -> Result<u64, HubError> {
    let digest = file
        .digest
        .as_ref()
        .ok_or_else(|| HubError::Answer { what: format!("it does not say what `{}` is", file.name) })?;
    let target = Target { name: &file.name, digest, size: file.size };
    let blob = cache.blob(digest.name());
    let size = client.retrying(on_event, |on_event| {
        if let Some(size) = present(&blob, &target) {
            return Ok(size);
        }
        let _lock = cache.lock(digest.name(), on_event)?;
        // Whoever had the lock may have fetched it.
        if let Some(size) = present(&blob, &target) {
            return Ok(size);
        }
        blob.parent().map_or(Ok(()), create_dir)?;
        let part = cache.part(digest.name());
        let url = client.file_url(repo, commit, &file.name);
        let about = About { repo, file: Some(&file.name) };
        let ask = |range: Option<&str>| client.get(&url, range, about);
        let size = fetch(&target, &part, &ask, on_event)?;
        fs::rename(&part, &blob).map_err(|source| HubError::write(&blob, source))?;
        Ok(size)
    })?;
    on_event(PullEvent::Progress { file: &file.name, done: size, total: size });
    cache.link(commit, &file.name, digest.name())?;
    Ok(size)
}

/// The length of content that is there. What other programs left with another length is not it.
fn present(blob: &Path, target: &Target<'_>) -> Option<u64> {
    let size = fs::metadata(blob).ok().filter(fs::Metadata::is_file)?.len();
    target.size.is_none_or(|wanted| wanted == size).then_some(size)
}

/// Fetches what the part lacks, and checks the whole.
fn fetch(
    target: &Target<'_>,
    path: &Path,
    ask: &dyn Fn(Option<&str>) -> Result<Answer, HubError>,
    on_event: &mut OnEvent<'_>,
) -> Result<u64, HubError> {
    let wrong = |source| HubError::write(path, source);
    let mut part = File::options().create(true).read(true).append(true).open(path).map_err(wrong)?;
    let had = part.metadata().map_err(wrong)?.len();
    // Without a length, or with a name that says nothing, what is there cannot be told from something else.
    let resumes =
        matches!(target.size, Some(size) if had <= size) && !matches!(target.digest, Digest::Opaque(_));
    let had = if resumes {
        had
    } else {
        part.set_len(0).map_err(wrong)?;
        0
    };
    let sum = sum_up(target, path, had)?;
    match go_on(target, &mut part, path, had, sum, ask, on_event) {
        // What was there before may be to blame: once more without it.
        Err(HubError::Damaged { .. }) if had > 0 => {
            part.set_len(0).map_err(wrong)?;
            let sum = target.digest.sum(target.size);
            go_on(target, &mut part, path, 0, sum, ask, on_event)
        }
        other => other,
    }
    .inspect_err(|error| {
        if matches!(error, HubError::Damaged { .. }) {
            let _ = fs::remove_file(path);
        }
    })
}

/// The sum over the first `had` bytes of the part.
fn sum_up(target: &Target<'_>, path: &Path, had: u64) -> Result<Sum, HubError> {
    let mut sum = target.digest.sum(target.size);
    if had > 0 {
        let wrong = |source| HubError::Cache { path: path.to_owned(), source };
        let mut reader = File::open(path).map_err(wrong)?.take(had);
        let mut buffer = vec![0; CHUNK];
        loop {
            match reader.read(&mut buffer).map_err(wrong)? {
                0 => break,
                n => sum.update(&buffer[..n]),
            }
        }
    }
    Ok(sum)
}

/// Goes on behind the first `had` bytes.
fn go_on(
    target: &Target<'_>,
    part: &mut File,
    path: &Path,
    had: u64,
    mut sum: Sum,
    ask: &dyn Fn(Option<&str>) -> Result<Answer, HubError>,
    on_event: &mut OnEvent<'_>,
) -> Result<u64, HubError> {
    let wrong = |source| HubError::write(path, source);
    let damaged = |why: String| HubError::Damaged { file: target.name.to_owned(), why };
    let mut done = had;
    if target.size != Some(had) {
        let range = (had > 0).then(|| format!("bytes={had}-"));
        let answer = ask(range.as_deref())?;
        if had > 0 && !continues(&answer, had) {
            // The server sends all of it.
            part.set_len(0).map_err(wrong)?;
            (done, sum) = (0, target.digest.sum(target.size));
        }
        if answer.status == 416 {
            return Err(damaged("the hub does not send what it lists".to_owned()));
        }
        let began = done;
        let announced = answer.last_header("content-length").and_then(|length| length.trim().parse().ok());
        let wanted = target.size.or(announced);
        let total = wanted.unwrap_or_default();
        let mut body = answer.body.into_reader();
        let mut buffer = vec![0; CHUNK];
        loop {
            on_event(PullEvent::Progress { file: target.name, done, total });
            let read = body.read(&mut buffer);
            let n = match read {
                Ok(0) | Err(_) => break,
                Ok(n) => n,
            };
            if wanted.is_some_and(|wanted| done + n as u64 > wanted) {
                return Err(damaged(format!("it is longer than the {total} bytes that the hub lists")));
            }
            part.write_all(&buffer[..n]).map_err(wrong)?;
            sum.update(&buffer[..n]);
            done += n as u64;
        }
        if wanted.is_none_or(|wanted| done < wanted) && wanted != Some(done) {
            let (file, gained) = (target.name.to_owned(), done - began);
            return Err(HubError::Cut { file, done, size: total, gained });
        }
    }
    target.digest.check(sum).map_err(damaged)?;
    // A name in the cache must never stand for bytes that a loss of power took.
    part.sync_all().map_err(wrong)?;
    Ok(done)
}

/// Whether an answer holds the bytes from `had` on.
fn continues(answer: &Answer, had: u64) -> bool {
    let range = answer.last_header("content-range").and_then(|range| range.trim().strip_prefix("bytes "));
    let start = range.and_then(|range| range.split_once('-')?.0.trim().parse::<u64>().ok());
    answer.status == 206 && start == Some(had)
}
