//! Reading the safetensors files of a model folder, whole or in shards, as plain `f32`.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::{error::ModelError, mapped_file::FileBytes, shard_index::open_whole_or_shards, weights::PART};

pub(crate) const WHOLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// The open weights of a folder.
#[derive(Debug)]
pub struct SafetensorsFolder {
    files: Vec<FileBytes>,
    /// By name, so that names come in one order.
    tensors: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    /// Bytes of its file.
    range: Range<usize>,
}

impl SafetensorsFolder {
    /// Opens `model.safetensors`, or else the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// If neither is there, or a file is damaged or missing.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ModelError> {
        let empty = Self { files: Vec::new(), tensors: BTreeMap::new() };
        open_whole_or_shards(folder.as_ref(), [WHOLE, INDEX], empty, Self::add, |opened, name| {
            opened.tensors.get(name).map(|entry| entry.file)
        })
    }

    /// Opens a single file, under whatever name, such as `adapter_model.safetensors`.
    ///
    /// # Errors
    /// If the file is damaged or missing.
    pub fn open_file(path: impl Into<PathBuf>) -> Result<Self, ModelError> {
        let mut folder = Self { files: Vec::new(), tensors: BTreeMap::new() };
        folder.add(&path.into())?;
        Ok(folder)
    }

    fn add(&mut self, path: &Path) -> Result<(), ModelError> {
        let bad = |what| ModelError::Safetensors { path: path.to_owned(), what };
        let bytes = FileBytes::map(path, "download the model's weights again")?;
        if bytes.is_empty() {
            return Err(bad("the file is empty".to_owned()));
        }
        // Checks that the ranges are inside the file, follow each other without overlap, and fit their shapes.
        let (header_len, header) = SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
        let data = header_len + size_of::<u64>();
        for (name, info) in header.tensors() {
            let (start, end) = info.data_offsets;
            let range = data + start..data + end;
            let entry = Entry { file: self.files.len(), dtype: info.dtype, shape: info.shape.clone(), range };
            if self.tensors.insert(name.clone(), entry).is_some() {
                return Err(bad(format!("tensor `{name}` is in another shard too")));
            }
        }
        self.files.push(bytes);
        Ok(())
    }

    /// All tensors, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A tensor's shape, row-major.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Bytes of the files.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len() as u64).sum()
    }

    /// How many numbers are stored in each format, such as `BF16`.
    pub fn number_formats(&self) -> BTreeMap<String, u64> {
        let mut formats = BTreeMap::new();
        for entry in self.tensors.values() {
            let count: usize = entry.shape.iter().product();
            *formats.entry(format!("{:?}", entry.dtype)).or_default() += count as u64;
        }
        formats
    }

    /// A tensor's shape and its numbers, row-major.
    ///
    /// # Errors
    /// If there is no such tensor, or it is not stored as F32, F16, BF16 or F64.
    pub fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let count = self.shape(name).map_or(0, |shape| shape.iter().product());
        let mut values = Vec::with_capacity(count);
        let shape = self.tensor_parts(name, &mut |part| values.extend_from_slice(part))?;
        Ok((shape, values))
    }

    /// Hands a tensor's numbers to `each`, row-major, some after the others. Returns its shape.
    ///
    /// # Errors
    /// As [`SafetensorsFolder::tensor_f32`].
    pub fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        let missing = || ModelError::MissingTensors { names: vec![name.to_owned()] };
        let entry = self.tensors.get(name).ok_or_else(missing)?;
        let bytes = self.files.get(entry.file).and_then(|file| file.get(entry.range.clone()));
        let bytes = bytes.ok_or_else(missing)?;
        match entry.dtype {
            Dtype::F32 => numbers(bytes, f32::from_le_bytes, each),
            Dtype::F16 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32(), each),
            Dtype::BF16 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32(), each),
            Dtype::F64 => numbers(bytes, |b| f64::from_le_bytes(b) as f32, each),
            other => {
                return Err(ModelError::UnsupportedTensorType {
                    name: name.to_owned(),
                    found: format!("{other:?}"),
                    supported: ["F32", "F16", "BF16", "F64"].map(str::to_owned).to_vec(),
                });
            }
        }
        Ok(entry.shape.clone())
    }
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32, each: &mut dyn FnMut(&[f32])) {
    for part in bytes.as_chunks::<N>().0.chunks(PART) {
        each(&part.iter().map(|&b| read(b)).collect::<Vec<f32>>());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use safetensors::tensor::{TensorView, serialize};

    /// A file of `[2, 1]` tensors, each of these names and bytes.
    fn file(tensors: &[(&str, Dtype, &[u8])]) -> Vec<u8> {
        let view = |&(name, dtype, bytes): &(&'static str, Dtype, &'static [u8])| {
            (name, TensorView::new(dtype, vec![2, 1], bytes).unwrap())
        };
        let owned: Vec<_> = tensors
            .iter()
            .map(|&(name, dtype, bytes)| view(&(name.to_owned().leak(), dtype, bytes.to_owned().leak())))
            .collect();
        serialize(owned, None).unwrap()
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    #[test]
    fn number_formats() {
        let bytes = file(&[
            ("a", Dtype::F32, &[0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]),
            ("b", Dtype::F16, &[0, 0x3C, 0, 0xC0]),
            ("c", Dtype::BF16, &[0x80, 0x3F, 0, 0xC0]),
            ("d", Dtype::I8, &[1, 254]),
            ("f", Dtype::F64, &[0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
        ]);
        let folder = folder(&[(WHOLE, &bytes)]);
        let weights = SafetensorsFolder::open(folder.path()).unwrap();
        assert_eq!(weights.names().collect::<Vec<_>>(), ["a", "b", "c", "d", "f"]);
        for name in ["a", "b", "c", "f"] {
            assert_eq!(weights.tensor_f32(name).unwrap(), (vec![2, 1], vec![1.0, -2.0]));
        }
        let error = weights.tensor_f32("d").unwrap_err();
        assert!(matches!(error, ModelError::UnsupportedTensorType { .. }), "{error}");
        assert!(matches!(weights.tensor_f32("e"), Err(ModelError::MissingTensors { .. })));
    }

    #[test]
    fn shards() {
        let [one, two] = ["one", "two"].map(|name| file(&[(name, Dtype::F16, &[0, 0x3C, 0, 0xC0])]));
        let open = |index: &str| {
            let folder =
                folder(&[(INDEX, index.as_bytes()), ("1.safetensors", &one), ("2.safetensors", &two)]);
            SafetensorsFolder::open(folder.path())
        };
        let weights = open(r#"{"weight_map": {"one": "1.safetensors", "two": "2.safetensors"}}"#).unwrap();
        assert_eq!(weights.shape("two"), Some([2, 1].as_slice()));
        for (index, expected) in [
            (r#"{"weight_map": {"one": "2.safetensors"}}"#, "`one` is not in `2.safetensors`"),
            (r#"{"weight_map": {"one": "../1.safetensors"}}"#, "not a plain file name"),
            (r#"{"weight_map": {"one": ".."}}"#, "not a plain file name"),
            (r#"{"weight_map": {"one": "3.safetensors"}}"#, "does not exist"),
            (r#"{"weight_map": []}"#, "not the JSON"),
        ] {
            let error = open(index).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let bytes = file(&[("a", Dtype::F32, &[0; 8]), ("b", Dtype::F32, &[0; 8])]);
        for len in 0..bytes.len() {
            let folder = folder(&[(WHOLE, &bytes[..len])]);
            let error = SafetensorsFolder::open(folder.path()).unwrap_err();
            assert!(matches!(error, ModelError::Safetensors { .. }), "{len}: {error}");
        }
        let mut huge = bytes;
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let folder = folder(&[(WHOLE, &huge)]);
        assert!(SafetensorsFolder::open(folder.path()).is_err());
    }

    #[test]
    fn an_empty_folder_says_what_is_needed() {
        let error = SafetensorsFolder::open(folder(&[]).path()).unwrap_err().to_string();
        assert!(error.contains("give a folder with model.safetensors"), "{error}");
    }
}
