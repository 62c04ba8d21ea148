//! The zip files of PyTorch 1.6 and later: `data.pkl` names tensors, `data/KEY` holds a storage each, uncompressed.

use std::{
    collections::{BTreeMap, HashMap},
    io::Cursor,
    ops::Range,
};

use zip::{CompressionMethod, ZipArchive};

use super::{pickle::Pickle, state_dict, strided::StridedTensor};

const PICKLE: &str = "data.pkl";

/// Where the entries lie, by name.
type Entries = HashMap<String, Result<Range<usize>, String>>;

/// The tensors of a zip file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, StridedTensor>, String> {
    let entries = entries(bytes)?;
    let is_pickle = |name: &&String| {
        name.strip_suffix(PICKLE).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    // All entries are in one folder, whose name is the file's. A script module has further pickles deeper inside.
    let pickle = entries.keys().filter(is_pickle).min_by_key(|&name| (name.matches('/').count(), name));
    let pickle = pickle.ok_or("it is a zip archive without data.pkl, and so no checkpoint of PyTorch")?;
    let folder = &pickle[..pickle.len() - PICKLE.len()];
    let entry = |name: String| match entries.get(&name) {
        Some(Ok(range)) => {
            bytes.get(range.clone()).map(|bytes| (range.clone(), bytes)).ok_or_else(|| cut(&name))
        }
        Some(Err(what)) => Err(format!("`{name}` {what}")),
        None => Err(format!("`{name}` is not in the archive")),
    };
    if let Ok((_, order)) = entry(format!("{folder}byteorder"))
        && order != b"little"
    {
        return Err("it was saved on a machine of the other byte order".to_owned());
    }
    let (_, text) = entry(pickle.clone())?;
    let (pickle, _) = Pickle::read(text)?;
    state_dict::tensors(&pickle, |storage| {
        let name = format!("{folder}data/{}", storage.key);
        let (range, _) = entry(name.clone())?;
        let len = storage.len()?;
        if range.len() < len {
            return Err(format!("`{name}` has {} bytes, {len} are needed", range.len()));
        }
        Ok(range.start..range.start + len)
    })
}

fn entries(bytes: &[u8]) -> Result<Entries, String> {
    let damaged = |error: zip::result::ZipError| format!("its zip archive is damaged ({error})");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut entries = HashMap::new();
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(damaged)?;
        let stored = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
        let range = match (entry.data_start(), usize::try_from(entry.size())) {
            _ if !stored => Err("is compressed; save it again with PyTorch".to_owned()),
            (Some(start), Ok(len)) => usize::try_from(start)
                .ok()
                .and_then(|start| Some(start..start.checked_add(len)?))
                .filter(|range| range.end <= bytes.len())
                .ok_or_else(|| "ends after the file; it may be cut off".to_owned()),
            _ => Err("is nowhere".to_owned()),
        };
        entries.insert(entry.name().to_owned(), range);
    }
    Ok(entries)
}

fn cut(name: &str) -> String {
    format!("`{name}` ends after the file; it may be cut off")
}
