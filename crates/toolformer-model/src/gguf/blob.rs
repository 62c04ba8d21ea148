//! GGUF files for tests.

use super::GgufFile;
use crate::error::ModelError;

/// A GGUF file in the making.
#[derive(Clone)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Blob {
    pub(crate) fn new(tensors: u64, keys: u64) -> Self {
        Self(Vec::new()).bytes(b"GGUF").u32(3).u64(tensors).u64(keys)
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.u64(text.len() as u64).bytes(text.as_bytes())
    }

    pub(crate) fn key(self, name: &str, kind: u32) -> Self {
        self.text(name).u32(kind)
    }

    pub(crate) fn f32_key(self, name: &str, value: f32) -> Self {
        self.key(name, 6).u32(value.to_bits())
    }

    pub(crate) fn text_key(self, name: &str, value: &str) -> Self {
        self.key(name, 8).text(value)
    }

    pub(crate) fn texts_key(self, name: &str, values: &[&str]) -> Self {
        let blob = self.key(name, 9).u32(8).u64(values.len() as u64);
        values.iter().fold(blob, |blob, value| blob.text(value))
    }

    /// A list of numbers of 32 bits, of this kind.
    pub(crate) fn list_key<const N: usize>(self, name: &str, kind: u32, values: [u32; N]) -> Self {
        let blob = self.key(name, 9).u32(kind).u64(N as u64);
        values.into_iter().fold(blob, Self::u32)
    }

    /// `dims` in the file's order, the fastest axis first.
    pub(crate) fn tensor(self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        let blob = self.text(name).u32(dims.len() as u32);
        dims.iter().fold(blob, |blob, &dim| blob.u64(dim)).u32(kind).u64(offset)
    }

    pub(crate) fn padded(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(32), 0);
        self
    }

    pub(crate) fn open(&self) -> Result<GgufFile, ModelError> {
        GgufFile::from_bytes("blob.gguf", self.0.clone())
    }

    #[track_caller]
    pub(crate) fn refused(&self, expected: &str) {
        let error = self.open().unwrap_err();
        assert!(matches!(error, ModelError::Gguf { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
