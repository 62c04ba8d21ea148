//! The bounds-checked cursor over a GGUF header, and metadata values where they lie in the file.

use std::path::Path;

use super::{GgufTensor, GgufType};
use crate::error::ModelError;

/// Deepest nesting of lists; real files have none.
const MAX_NESTING: usize = 4;
/// `GGML_MAX_DIMS`
const MAX_DIMS: u32 = 4;

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Malformed {
    offset: usize,
    what: String,
}

impl Malformed {
    pub(super) fn at(offset: usize, what: impl Into<String>) -> Self {
        Self { offset, what: what.into() }
    }

    pub(super) fn in_file(self, path: &Path) -> ModelError {
        ModelError::Gguf { path: path.to_owned(), offset: self.offset, what: self.what }
    }
}

/// The type of a metadata value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

impl ValueType {
    const BY_ID: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::String,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    /// The bytes that a value takes at least; all of them, except for strings and lists.
    fn min_bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::String => 8,
            Self::Array => 4 + 8,
        }
    }
}

/// Reads forward and never past the end.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Name length, number of axes, one axis, type, offset.
    pub(super) const MIN_TENSOR_INFO: usize = 8 + 4 + 8 + 4 + 8;
    /// Key length, type, value.
    pub(super) const MIN_KEY_VALUE: usize = 8 + 4 + 1;

    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(len);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(Malformed::at(self.at, format!("{len} bytes are expected, but the file ends"))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> Result<usize, Malformed> {
        let start = self.at;
        let value = u64::from_le_bytes(self.array()?);
        usize::try_from(value).map_err(|_| Malformed::at(start, format!("{value} is too large")))
    }

    /// A number of things of at least `min_bytes` each, which must fit in what is left of the file.
    pub(super) fn count(&mut self, min_bytes: usize) -> Result<usize, Malformed> {
        let start = self.at;
        let count = self.size()?;
        match count.checked_mul(min_bytes) {
            Some(bytes) if bytes <= self.bytes.len() - self.at => Ok(count),
            _ => Err(Malformed::at(start, format!("{count} entries do not fit in the file"))),
        }
    }

    fn raw_text(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.size()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        std::str::from_utf8(self.raw_text()?).map_err(|_| Malformed::at(start, "a name is not UTF-8"))
    }

    pub(super) fn value_type(&mut self) -> Result<ValueType, Malformed> {
        let start = self.at;
        let id = self.u32()?;
        let known = usize::try_from(id).ok().and_then(|id| ValueType::BY_ID.get(id)).copied();
        known.ok_or_else(|| Malformed::at(start, format!("{id} is no type of metadata value")))
    }

    /// Element type and count of a list.
    fn list(&mut self) -> Result<(ValueType, usize), Malformed> {
        let kind = self.value_type()?;
        Ok((kind, self.count(kind.min_bytes())?))
    }

    /// Passes over a value and checks that it is whole.
    pub(super) fn skip(&mut self, kind: ValueType, depth: usize) -> Result<(), Malformed> {
        match kind {
            ValueType::String => self.raw_text().map(drop),
            ValueType::Array if depth == MAX_NESTING => Err(Malformed::at(self.at, "lists nest too deeply")),
            ValueType::Array => {
                let (kind, count) = self.list()?;
                match kind {
                    ValueType::String | ValueType::Array => {
                        (0..count).try_for_each(|_| self.skip(kind, depth + 1))
                    }
                    fixed => self.take(count * fixed.min_bytes()).map(drop),
                }
            }
            fixed => self.take(fixed.min_bytes()).map(drop),
        }
    }

    /// A tensor's entry; its offset is still relative to the data.
    pub(super) fn tensor_info(&mut self) -> Result<GgufTensor, Malformed> {
        let name = self.text()?.to_owned();
        let start = self.at;
        let dims = self.u32()?;
        if !(1..=MAX_DIMS).contains(&dims) {
            return Err(Malformed::at(start, format!("tensor `{name}` has {dims} axes")));
        }
        let mut shape = (0..dims).map(|_| self.size()).collect::<Result<Vec<_>, _>>()?;
        if shape.contains(&0) {
            return Err(Malformed::at(start, format!("tensor `{name}` has an axis of length 0")));
        }
        shape.reverse();
        let kind = GgufType::from_id(self.u32()?);
        Ok(GgufTensor { name, shape, kind, offset: self.size()? })
    }
}

/// A metadata value, left where it lies: vocabularies are large and most values are never asked for.
/// [`Cursor::skip`] has passed over it, so that reading it again cannot run out of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) kind: ValueType,
    pub(super) offset: usize,
}

impl Stored {
    fn cursor<'a>(&self, bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: self.offset }
    }

    pub(super) fn integer(&self, bytes: &[u8]) -> Option<i64> {
        integer(self.kind, &mut self.cursor(bytes))
    }

    pub(super) fn float(&self, bytes: &[u8]) -> Option<f32> {
        float(self.kind, &mut self.cursor(bytes))
    }

    pub(super) fn boolean(&self, bytes: &[u8]) -> Option<bool> {
        match (self.kind, self.cursor(bytes).array().ok()?) {
            (ValueType::Bool, [byte]) => Some(byte != 0),
            _ => None,
        }
    }

    pub(super) fn text<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        if self.kind != ValueType::String {
            return None;
        }
        self.cursor(bytes).text().ok()
    }

    pub(super) fn array_len(&self, bytes: &[u8]) -> Option<usize> {
        self.elements(bytes).map(|(_, count, _)| count)
    }

    pub(super) fn texts<'a>(&self, bytes: &'a [u8]) -> Option<Vec<&'a str>> {
        let (kind, count, mut at) = self.elements(bytes)?;
        if kind != ValueType::String {
            return None;
        }
        (0..count).map(|_| at.text().ok()).collect()
    }

    pub(super) fn integers(&self, bytes: &[u8]) -> Option<Vec<i64>> {
        let (kind, count, mut at) = self.elements(bytes)?;
        (0..count).map(|_| integer(kind, &mut at)).collect()
    }

    pub(super) fn floats(&self, bytes: &[u8]) -> Option<Vec<f32>> {
        let (kind, count, mut at) = self.elements(bytes)?;
        (0..count).map(|_| float(kind, &mut at)).collect()
    }

    fn elements<'a>(&self, bytes: &'a [u8]) -> Option<(ValueType, usize, Cursor<'a>)> {
        if self.kind != ValueType::Array {
            return None;
        }
        let mut at = self.cursor(bytes);
        let (kind, count) = at.list().ok()?;
        Some((kind, count, at))
    }
}

fn float(kind: ValueType, at: &mut Cursor<'_>) -> Option<f32> {
    match kind {
        ValueType::F32 => Some(f32::from_le_bytes(at.array().ok()?)),
        ValueType::F64 => Some(f64::from_le_bytes(at.array().ok()?) as f32),
        _ => None,
    }
}

fn integer(kind: ValueType, at: &mut Cursor<'_>) -> Option<i64> {
    Some(match kind {
        ValueType::U8 => i64::from(u8::from_le_bytes(at.array().ok()?)),
        ValueType::I8 => i64::from(i8::from_le_bytes(at.array().ok()?)),
        ValueType::U16 => i64::from(u16::from_le_bytes(at.array().ok()?)),
        ValueType::I16 => i64::from(i16::from_le_bytes(at.array().ok()?)),
        ValueType::U32 => i64::from(u32::from_le_bytes(at.array().ok()?)),
        ValueType::I32 => i64::from(i32::from_le_bytes(at.array().ok()?)),
        ValueType::U64 => u64::from_le_bytes(at.array().ok()?).try_into().ok()?,
        ValueType::I64 => i64::from_le_bytes(at.array().ok()?),
        ValueType::F32 | ValueType::F64 | ValueType::Bool | ValueType::String | ValueType::Array => {
            return None;
        }
    })
}
