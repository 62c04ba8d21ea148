//! Writing a model's weights: one `model.safetensors`, or shards and their index.
//!
//! Whenever a save is killed, what loads is the old model, the new one, or nothing with an error, never a mixture:
//! readers take `model.safetensors` where there is one, else what the index names. So a whole file replaces any older
//! save in one step, and shards are all written before the first takes the place of an older one, whose index is gone
//! by then. What an older save leaves is removed last.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use burn::tensor::backend::Backend;
use safetensors::View;
use serde_json::{Map, Value, json};

use crate::{
    error::ModelError,
    leaf::Leaf,
    replace_file::{FileBeside, replace, write_json},
    safetensors_files::{INDEX, WHOLE},
    streamed_tensor::{Overflown, SaveFormat, StreamedTensor},
};

/// Writes the weights of a folder.
///
/// # Errors
/// If the folder cannot be written, or `format` cannot hold the numbers.
pub(crate) fn write_weights<B: Backend>(
    folder: &Path,
    leaves: &[&dyn Leaf<B>],
    format: SaveFormat,
    max_shard_bytes: u64,
) -> Result<(), ModelError> {
    make_folder(folder)?;
    let overflown = Overflown::default();
    let tensors = leaves.iter().flat_map(|leaf| StreamedTensor::of(*leaf, format, &overflown)).collect();
    let shards = cut(tensors, max_shard_bytes);
    let older = shards_in(folder)?;
    if let [whole] = shards.as_slice() {
        let path = folder.join(WHOLE);
        FileBeside::write(&path, |partial| write_file(partial, &path, whole, &overflown))?.put()?;
        remove(&folder.join(INDEX))?;
        return older.iter().try_for_each(|shard| remove(shard));
    }
    let paths: Vec<PathBuf> = (1..=shards.len())
        .map(|number| folder.join(format!("model-{number:05}-of-{:05}.safetensors", shards.len())))
        .collect();
    let mut beside = Vec::new();
    for (path, shard) in paths.iter().zip(&shards) {
        match FileBeside::write(path, |partial| write_file(partial, path, shard, &overflown)) {
            Ok(file) => beside.push(file),
            Err(error) => {
                beside.into_iter().for_each(FileBeside::discard);
                return Err(error);
            }
        }
    }
    remove(&folder.join(INDEX))?;
    beside.into_iter().try_for_each(FileBeside::put)?;
    write_json(&folder.join(INDEX), &index(&paths, &shards))?;
    remove(&folder.join(WHOLE))?;
    let new: HashSet<PathBuf> = paths.into_iter().collect();
    older.iter().filter(|shard| !new.contains(*shard)).try_for_each(|shard| remove(shard))
}

/// Writes the tensors of a leaf or more to one file.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write_tensors<B: Backend>(path: &Path, leaves: &[&dyn Leaf<B>]) -> Result<(), ModelError> {
    let overflown = Overflown::default();
    let tensors: Vec<_> =
        leaves.iter().flat_map(|leaf| StreamedTensor::of(*leaf, SaveFormat::F32, &overflown)).collect();
    replace(path, |partial| write_file(partial, path, &tensors, &overflown))
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), ModelError> {
    fs::create_dir_all(folder).map_err(|source| ModelError::Write { path: folder.to_owned(), source })
}

/// Cuts a list of tensors where a shard would grow beyond `max` bytes; a larger tensor has a shard of its own.
fn cut<B: Backend>(tensors: Vec<StreamedTensor<'_, B>>, max: u64) -> Vec<Vec<StreamedTensor<'_, B>>> {
    let mut shards = vec![Vec::new()];
    let mut size = 0;
    for tensor in tensors {
        let len = (&tensor).data_len() as u64;
        match shards.last_mut() {
            Some(shard) if shard.is_empty() || size + len <= max => {
                shard.push(tensor);
                size += len;
            }
            _ => {
                shards.push(vec![tensor]);
                size = len;
            }
        }
    }
    shards
}

/// Writes `partial`; errors call it `path`.
fn write_file<B: Backend>(
    partial: &Path,
    path: &Path,
    tensors: &[StreamedTensor<'_, B>],
    overflown: &Overflown,
) -> Result<(), ModelError> {
    // Old versions of transformers insist on the field.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    safetensors::serialize_to_file(views, Some(metadata), partial).map_err(|error| {
        let source = match error {
            safetensors::SafeTensorError::IoError(source) => source,
            other => std::io::Error::other(other),
        };
        ModelError::Write { path: path.to_owned(), source }
    })?;
    match overflown.take() {
        names if names.is_empty() => Ok(()),
        names => Err(ModelError::Overflow { names }),
    }
}

fn index<B: Backend>(paths: &[PathBuf], shards: &[Vec<StreamedTensor<'_, B>>]) -> Value {
    let mut files = Map::new();
    for (path, shard) in paths.iter().zip(shards) {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        files.extend(shard.iter().map(|tensor| (tensor.name.clone(), Value::from(&*file))));
    }
    let all = || shards.iter().flatten();
    let bytes: usize = all().map(|tensor| tensor.data_len()).sum();
    let numbers: usize = all().map(StreamedTensor::count).sum();
    json!({ "metadata": { "total_parameters": numbers, "total_size": bytes }, "weight_map": files })
}

/// What an older save left in shards, by the names that saves give.
fn shards_in(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let entries =
        fs::read_dir(folder).map_err(|source| ModelError::Io { path: folder.to_owned(), source })?;
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbers = name.strip_prefix("model-").and_then(|rest| rest.strip_suffix(".safetensors"));
        let number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        numbers.and_then(|text| text.split_once("-of-")).is_some_and(|(i, n)| number(i) && number(n))
    };
    Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_shard).collect())
}

fn remove(path: &Path) -> Result<(), ModelError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(ModelError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
