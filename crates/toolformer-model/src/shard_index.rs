//! `*.index.json`: which file of a folder holds which tensor.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use serde::Deserialize;

use crate::{error::ModelError, regular_file::read_text};

/// Opens the file `whole` of a folder, or else the shards that `index` names: `add` adds a file to what is opened so
/// far, `file_of` gives the number of the added file that holds a tensor.
///
/// # Errors
/// If neither is there, a file is damaged or missing, or a tensor is elsewhere than the index says.
pub(crate) fn open_whole_or_shards<T>(
    folder: &Path,
    [whole, index]: [&str; 2],
    mut opened: T,
    add: impl Fn(&mut T, &Path) -> Result<(), ModelError>,
    file_of: impl Fn(&T, &str) -> Option<usize>,
) -> Result<T, ModelError> {
    let whole_path = folder.join(whole);
    if whole_path.exists() {
        add(&mut opened, &whole_path)?;
        return Ok(opened);
    }
    let index_path = folder.join(index);
    let advice = format!("give a folder with {whole}, or with {index} and its shards");
    let index = ShardIndex::read(&index_path, &advice)?;
    let shards: Vec<&str> = index.shards().into_iter().collect();
    shards.iter().try_for_each(|shard| add(&mut opened, &folder.join(shard)))?;
    index.check(&index_path, |name| file_of(&opened, name).map(|file| shards[file]))?;
    Ok(opened)
}

/// The index of a checkpoint in shards.
#[derive(Debug, Deserialize)]
pub(crate) struct ShardIndex {
    weight_map: HashMap<String, String>,
}

impl ShardIndex {
    /// Reads an index.
    ///
    /// # Errors
    /// If it is not there (with this advice), is no such JSON, or names a file outside its folder.
    pub(crate) fn read(path: &Path, advice: &str) -> Result<Self, ModelError> {
        let text = read_text(path, advice)?;
        let index: Self = serde_json::from_str(&text)
            .map_err(|source| ModelError::Json { what: path.display().to_string(), source })?;
        // The index comes from strangers: it must not lead out of the folder.
        let leads_out = |shard: &&str| Path::new(shard).file_name().is_none_or(|name| name != *shard);
        if let Some(shard) = index.shards().iter().find(|shard| leads_out(shard)) {
            let what = format!("the shard `{shard}` is not a plain file name");
            return Err(ModelError::ShardIndex { path: path.to_owned(), what });
        }
        if index.weight_map.is_empty() {
            let what = "it names no tensors".to_owned();
            return Err(ModelError::ShardIndex { path: path.to_owned(), what });
        }
        Ok(index)
    }

    /// The files, once each, in one order.
    pub(crate) fn shards(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }

    /// Checks that every tensor is in the file that it should be in; `shard_of` says where one is.
    ///
    /// # Errors
    /// Names a tensor that is elsewhere.
    pub(crate) fn check<'a>(
        &self,
        path: &Path,
        shard_of: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<(), ModelError> {
        let elsewhere = |(name, shard): &(&String, &String)| shard_of(name) != Some(shard.as_str());
        match self.weight_map.iter().find(elsewhere) {
            None => Ok(()),
            Some((name, shard)) => {
                let what = format!("tensor `{name}` is not in `{shard}`");
                Err(ModelError::ShardIndex { path: path.to_owned(), what })
            }
        }
    }
}
