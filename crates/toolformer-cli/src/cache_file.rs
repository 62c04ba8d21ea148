//! The file in which the results of calls are kept.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use toolformer::text::{FnTool, Registry, ResultCache, ToolError};

use crate::failure::wrong_usage;

/// The results in a file, which new ones are appended to. A torn last line, as a killed run leaves it, is cut off.
pub(crate) fn open_cache(path: &Path, replay_only: bool) -> Result<ResultCache> {
    let shown = path.display();
    // A device would be read for ever.
    if path.exists() && !path.is_file() {
        return Err(wrong_usage(format!("--cache {shown}: this is no file; give one that may be written")));
    }
    if replay_only {
        let file = File::open(path)
            .with_context(|| format!("cannot read {shown}; there must be a run to replay"))?;
        let cache = ResultCache::new().replay_only();
        cache.read(file).with_context(|| format!("cannot use {shown}"))?;
        return Ok(cache);
    }
    let why = || format!("cannot open {shown}; check that its folder exists and can be written");
    let open = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = open.with_context(why)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            bail!("{shown} is in use by another run; wait for it, or take another file")
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(why),
    }
    let cache = ResultCache::new();
    let whole = cache.read(&file).with_context(|| format!("cannot use {shown}"))?;
    if !is_torn_record(&file, whole).with_context(why)? {
        bail!("{shown} holds something else than the results of calls; take another file");
    }
    file.set_len(whole).and_then(|()| end_line(&mut file, whole)).with_context(why)?;
    Ok(cache.with_log(file))
}

/// Goes to the end of a file, where a line must begin.
fn end_line(file: &mut File, length: u64) -> io::Result<()> {
    let mut last = [b'\n'];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    if length > 0 {
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}

/// The tools that a cache has results of, for a run without them.
pub(crate) fn recorded_tools(cache: &ResultCache, path: &Path) -> Result<Registry> {
    let mut registry = Registry::new();
    for (name, fingerprints) in cache.tools() {
        let [fingerprint] = &fingerprints.iter().collect::<Vec<_>>()[..] else {
            let why =
                "was recorded with several settings; give --tools and theirs, so that it is clear which";
            bail!("{}: {name} {why}", path.display());
        };
        let unasked = FnTool::new(&name, "Recorded.", |_: &str| Err(ToolError::NoResult));
        registry.insert(unasked.with_fingerprint(fingerprint.as_str()))?;
    }
    Ok(registry)
}

/// How every line of the file begins.
const RECORD: &[u8] = b"{\"tool\":";

/// Whether what stands from byte `from` on can be the beginning of a record, or nothing.
fn is_torn_record(mut file: &File, from: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(from))?;
    let mut start = Vec::new();
    file.take(RECORD.len() as u64).read_to_end(&mut start)?;
    Ok(RECORD.starts_with(&start))
}
