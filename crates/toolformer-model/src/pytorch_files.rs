//! Reading the checkpoints of `torch.save`, whole or in shards, as plain `f32`.
//!
//! A checkpoint is a pickle: a program. Nothing of it is run; of what it would build only the names and places of
//! tensors are kept. Files are memory-mapped and trusted in nothing: every place is checked against the file's size
//! before anything is allocated, and a tensor's bytes are read only when it is asked for.

mod archive;
mod legacy;
mod machine;
mod pickle;
mod state_dict;
mod strided;

use std::{collections::BTreeMap, path::Path};

use crate::{
    error::ModelError, mapped_file::FileBytes, shard_index::open_whole_or_shards, weights::WeightSource,
};
use strided::StridedTensor;

pub(crate) const WHOLE: &str = "pytorch_model.bin";
pub(crate) const INDEX: &str = "pytorch_model.bin.index.json";

/// What a zip archive starts with.
const ZIP: &[u8] = b"PK\x03\x04";
/// Where the name of a tar archive's format stands, and what it is.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The open weights of one or more files of `torch.save`.
///
/// Read are the zip files of PyTorch 1.6 and later and the streams of pickles before it. The tensors may be at the
/// root or under `state_dict`, `model_state_dict`, `model` or `module`; prefixes that PyTorch's wrappers put before
/// every name (`module.`, `_orig_mod.`) are taken off.
#[derive(Debug)]
pub struct PytorchFiles {
    files: Vec<FileBytes>,
    /// With the number of the file. By name, so that names come in one order.
    tensors: BTreeMap<String, (usize, StridedTensor)>,
}

impl PytorchFiles {
    /// Opens `pytorch_model.bin`, or else the shards that `pytorch_model.bin.index.json` names.
    ///
    /// # Errors
    /// If neither is there, or a file is damaged or missing.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ModelError> {
        let empty = Self { files: Vec::new(), tensors: BTreeMap::new() };
        open_whole_or_shards(folder.as_ref(), [WHOLE, INDEX], empty, Self::add_file, |opened, name| {
            opened.tensors.get(name).map(|(file, _)| *file)
        })
    }

    /// Opens a single file, under whatever name.
    ///
    /// # Errors
    /// If the file is damaged or missing, or holds no tensors.
    pub fn open_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let mut opened = Self { files: Vec::new(), tensors: BTreeMap::new() };
        opened.add_file(path.as_ref())?;
        Ok(opened)
    }

    /// Reads the bytes of a file; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`PytorchFiles::open_file`].
    pub fn from_bytes(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, ModelError> {
        let mut opened = Self { files: Vec::new(), tensors: BTreeMap::new() };
        opened.add(path.as_ref(), FileBytes::Owned(bytes))?;
        Ok(opened)
    }

    /// Bytes of the files.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len() as u64).sum()
    }

    /// How many numbers are stored in each format, such as `BF16`.
    pub fn number_formats(&self) -> BTreeMap<String, u64> {
        let mut formats = BTreeMap::new();
        for (_, tensor) in self.tensors.values() {
            let count = tensor.shape().iter().fold(1_u64, |n, &dim| n.saturating_mul(dim as u64));
            let sum: &mut u64 = formats.entry(tensor.format().to_string()).or_default();
            *sum = sum.saturating_add(count);
        }
        formats
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ModelError> {
        self.add(path, FileBytes::map(path, "download the model's weights again")?)
    }

    fn add(&mut self, path: &Path, bytes: FileBytes) -> Result<(), ModelError> {
        let bad = |what| ModelError::Pytorch { path: path.to_owned(), what };
        for (name, tensor) in read(&bytes).map_err(bad)? {
            if self.tensors.contains_key(&name) {
                return Err(bad(format!("tensor `{name}` is in another shard too")));
            }
            self.tensors.insert(name, (self.files.len(), tensor));
        }
        self.files.push(bytes);
        Ok(())
    }
}

/// The tensors of a file, or what is wrong with it.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, StridedTensor>, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if bytes.starts_with(ZIP) {
        return archive::read(bytes);
    }
    if bytes.starts_with(&legacy::MAGIC) {
        return legacy::read(bytes);
    }
    if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err("it is a tar archive, of a PyTorch before 0.1.10".to_owned());
    }
    Err("it is neither a zip archive nor a stream of pickles that `torch.save` writes".to_owned())
}

impl WeightSource for PytorchFiles {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|(_, tensor)| tensor.shape().to_vec())
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let mut values = Vec::new();
        let shape = self.tensor_parts(name, &mut |part| values.extend_from_slice(part))?;
        Ok((shape, values))
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        let missing = || ModelError::MissingTensors { names: vec![name.to_owned()] };
        let (file, tensor) = self.tensors.get(name).ok_or_else(missing)?;
        let bytes = self.files.get(*file).ok_or_else(missing)?;
        tensor.read(bytes, each).map_err(|found| ModelError::UnsupportedTensorType {
            name: name.to_owned(),
            found,
            supported: ["F32", "F16", "BF16", "F64"].map(str::to_owned).to_vec(),
        })?;
        Ok(tensor.shape().to_vec())
    }
}
