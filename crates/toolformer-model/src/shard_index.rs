//! `*.index.json`: which file of a folder holds which tensor.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
};

use serde::Deserialize;

use crate::error::ModelError;

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
        let text = fs::read_to_string(path).map_err(|e| ModelError::io(path, advice, e))?;
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
