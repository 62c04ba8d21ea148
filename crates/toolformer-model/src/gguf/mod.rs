//! Reading GGUF files: metadata, and tensors as plain `f32`.
//!
//! The file is memory-mapped and trusted in nothing: every count, length and offset is checked against the
//! file's size before anything is allocated. Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

mod dequantize;
mod header;
mod k_quants;
mod reader;
mod tensor_type;

#[cfg(test)]
pub(crate) mod blob;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{error::ModelError, mapped_file::FileBytes, weights::PART};
use header::Header;
use reader::{Malformed, Stored};
use tensor_type::GgufType;

/// An open GGUF file (versions 2 and 3, little endian).
#[derive(Debug)]
pub struct GgufFile {
    path: PathBuf,
    bytes: FileBytes,
    metadata: HashMap<String, Stored>,
    tensors: Vec<GgufTensor>,
    by_name: HashMap<String, usize>,
}

/// What the file says about a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufTensor {
    /// Its name in the file, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Row-major, slowest axis first: `[out, in]` for a matrix (the file lists the axes the other way round).
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub kind: GgufType,
    /// First byte of its data, from the start of the file.
    pub offset: usize,
}

impl GgufTensor {
    /// How many bytes the data take; none for a number format of unknown size.
    ///
    /// # Errors
    /// A reason, if the size overflows or rows do not consist of whole blocks.
    fn byte_len(&self) -> Result<Option<usize>, String> {
        let Some((block, block_bytes)) = self.kind.block() else { return Ok(None) };
        let row = self.shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(block) {
            return Err(format!("its rows of {row} are no multiple of {block}, the block of {}", self.kind));
        }
        let elements = self.shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
        let bytes = elements.and_then(|n| (n / block).checked_mul(block_bytes));
        bytes.map(Some).ok_or_else(|| format!("its shape {:?} is too large", self.shape))
    }
}

impl GgufFile {
    /// Opens a file and checks its header and all ranges; tensor data are not read yet.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a whole and consistent GGUF file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        Self::read(path, FileBytes::map(path, "give the path of a .gguf file")?)
    }

    /// Reads the bytes of a file; `path` is what errors call it.
    ///
    /// # Errors
    /// If they are not those of a whole and consistent GGUF file.
    pub fn from_bytes(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, ModelError> {
        Self::read(path.as_ref(), FileBytes::Owned(bytes))
    }

    fn read(path: &Path, bytes: FileBytes) -> Result<Self, ModelError> {
        if bytes.is_empty() {
            return Err(Malformed::at(0, "the file is empty").in_file(path));
        }
        let header = Header::parse(&bytes).map_err(|e| e.in_file(path))?;
        let by_name = header.tensors.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();
        let Header { metadata, tensors } = header;
        Ok(Self { path: path.to_owned(), bytes, metadata, tensors, by_name })
    }

    /// The path that the file was opened at.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensors, in the file's order.
    pub fn tensors(&self) -> &[GgufTensor] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.by_name.get(name).map(|&i| &self.tensors[i])
    }

    /// A tensor's shape (`[out, in]`) and its numbers, row-major.
    ///
    /// # Errors
    /// If there is no such tensor, or its number format is not supported.
    pub fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let mut values = Vec::new();
        let shape = self.tensor_parts(name, &mut |part| values.extend_from_slice(part))?;
        Ok((shape, values))
    }

    /// Hands a tensor's numbers to `each`, row-major, some after the others. Returns its shape (`[out, in]`).
    ///
    /// # Errors
    /// As [`GgufFile::tensor_f32`].
    pub fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        let missing = || ModelError::MissingTensors { names: vec![name.to_owned()] };
        let tensor = self.tensor(name).ok_or_else(missing)?;
        let unsupported = || ModelError::UnsupportedTensorType {
            name: name.to_owned(),
            found: tensor.kind.to_string(),
            supported: dequantize::SUPPORTED.iter().map(|kind| kind.to_string()).collect(),
        };
        let bytes = match tensor.byte_len() {
            Ok(Some(len)) => self.bytes.get(tensor.offset..tensor.offset + len),
            _ => None,
        };
        let bytes = bytes.ok_or_else(unsupported)?;
        let (numbers, size) = tensor.kind.block().ok_or_else(unsupported)?;
        for part in bytes.chunks(PART.div_ceil(numbers) * size) {
            each(&dequantize::to_f32(tensor.kind, part).ok_or_else(unsupported)?);
        }
        Ok(tensor.shape.clone())
    }

    /// Whether the metadata have this key.
    pub fn has_key(&self, key: &str) -> bool {
        self.metadata.contains_key(key)
    }

    /// All keys of the metadata, in no particular order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.metadata.keys().map(String::as_str)
    }

    /// Refuses one of several files that a model is split over.
    pub(crate) fn refuse_part(&self) -> Result<(), ModelError> {
        let key = "split.count";
        let parts = if self.has_key(key) { self.get_u32(key)? } else { 1 };
        if parts <= 1 {
            return Ok(());
        }
        Err(ModelError::GgufPart { path: self.path.clone(), parts })
    }

    /// A whole number of any width that fits.
    ///
    /// # Errors
    /// If the key is missing, or is not such a number.
    pub fn get_u32(&self, key: &str) -> Result<u32, ModelError> {
        self.get(key, "a number below 2^32", |value, bytes| value.integer(bytes)?.try_into().ok())
    }

    /// A floating-point number.
    ///
    /// # Errors
    /// If the key is missing, or is no such number.
    pub fn get_f32(&self, key: &str) -> Result<f32, ModelError> {
        self.get(key, "a float32", |value, bytes| value.float(bytes))
    }

    /// A truth value.
    ///
    /// # Errors
    /// If the key is missing, or is no truth value.
    pub fn get_bool(&self, key: &str) -> Result<bool, ModelError> {
        self.get(key, "a bool", |value, bytes| value.boolean(bytes))
    }

    /// A text.
    ///
    /// # Errors
    /// If the key is missing, or is not valid UTF-8 text.
    pub fn get_str(&self, key: &str) -> Result<&str, ModelError> {
        self.get(key, "a UTF-8 string", |value, bytes| value.text(bytes))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// If the key is missing, or is not a list of valid UTF-8 texts.
    pub fn get_array_str(&self, key: &str) -> Result<Vec<&str>, ModelError> {
        self.get(key, "a list of UTF-8 strings", |value, bytes| value.texts(bytes))
    }

    /// A list of whole numbers.
    ///
    /// # Errors
    /// If the key is missing, or is not such a list.
    pub fn get_array_i64(&self, key: &str) -> Result<Vec<i64>, ModelError> {
        self.get(key, "a list of whole numbers", |value, bytes| value.integers(bytes))
    }

    /// A list of floating-point numbers.
    ///
    /// # Errors
    /// If the key is missing, or is not such a list.
    pub fn get_array_f32(&self, key: &str) -> Result<Vec<f32>, ModelError> {
        self.get(key, "a list of float32", |value, bytes| value.floats(bytes))
    }

    /// How many elements a list has.
    ///
    /// # Errors
    /// If the key is missing, or is not a list.
    pub fn get_array_len(&self, key: &str) -> Result<usize, ModelError> {
        self.get(key, "a list", |value, bytes| value.array_len(bytes))
    }

    fn get<'a, T>(
        &'a self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&Stored, &'a [u8]) -> Option<T>,
    ) -> Result<T, ModelError> {
        let error = |what| ModelError::GgufKey { path: self.path.clone(), key: key.to_owned(), what };
        let value = self.metadata.get(key).ok_or_else(|| error("is missing".to_owned()))?;
        read(value, &self.bytes).ok_or_else(|| error(format!("is not {wanted}")))
    }
}

#[cfg(test)]
mod tests;
