//! The file in which the results of calls are kept.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use toolformer::text::ResultCache;

/// The results in a file, which new ones are appended to. A torn last line, as a killed run leaves it, is cut off.
pub(crate) fn open_cache(path: &Path, replay_only: bool) -> Result<ResultCache> {
    let shown = path.display();
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
    file.set_len(whole).and_then(|()| file.seek(SeekFrom::Start(whole))).with_context(why)?;
    Ok(cache.with_log(file))
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
