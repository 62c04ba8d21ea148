//! A tensor as PyTorch stores it: a view, by strides, of a storage that others may share.

use std::{fmt, ops::Range};

use half::{bf16, f16};

use crate::weights::PART;

/// How numbers are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    F16,
    BF16,
    F64,
    /// One that is not read: its name, and its size in bytes.
    Other(String, usize),
}

impl Format {
    /// By the name of PyTorch's storage class, such as `FloatStorage`, or of its `dtype`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "DoubleStorage" => Self::F64,
            "LongStorage" | "ComplexFloatStorage" | "uint64" => Self::Other(name.to_owned(), 8),
            "ComplexDoubleStorage" => Self::Other(name.to_owned(), 16),
            "IntStorage" | "QInt32Storage" | "ComplexHalfStorage" | "uint32" => {
                Self::Other(name.to_owned(), 4)
            }
            "ShortStorage" | "uint16" => Self::Other(name.to_owned(), 2),
            "ByteStorage" | "CharStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage"
            | "UntypedStorage" => Self::Other(name.to_owned(), 1),
            eight_bits if eight_bits.starts_with("float8_") => Self::Other(name.to_owned(), 1),
            _ => return None,
        })
    }

    /// Bytes of a number.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Other(_, size) => *size,
        }
    }
}

/// As safetensors names it; one that is not read has PyTorch's name.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name, _) => f.write_str(name),
            known => write!(f, "{known:?}"),
        }
    }
}

/// Where a tensor's numbers are.
#[derive(Debug)]
pub(super) struct StridedTensor {
    format: Format,
    shape: Vec<usize>,
    strides: Vec<usize>,
    /// Bytes of the file, from the tensor's first number to its last.
    range: Range<usize>,
    count: usize,
}

impl StridedTensor {
    /// A view of a storage that lies at `storage` in the file; `offset` and strides are in numbers.
    ///
    /// # Errors
    /// If the view leaves the storage.
    pub(super) fn new(
        format: Format,
        storage: Range<usize>,
        offset: usize,
        shape: Vec<usize>,
        strides: Vec<usize>,
    ) -> Result<Self, String> {
        let outside = || format!("shape {shape:?} with strides {strides:?} at {offset} leaves its storage");
        if shape.len() != strides.len() {
            return Err(format!("{} strides for {} axes", strides.len(), shape.len()));
        }
        let count = shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)).ok_or_else(outside)?;
        let available = storage.len() / format.size();
        let extent = if count == 0 {
            Some(0)
        } else {
            let steps = shape.iter().zip(&strides);
            steps
                .map(|(&dim, &stride)| (dim - 1).checked_mul(stride))
                .try_fold(1_usize, |n, step| n.checked_add(step?))
        };
        let end = extent.and_then(|extent| offset.checked_add(extent)).filter(|&end| end <= available);
        let end = end.ok_or_else(outside)?;
        let range = storage.start + offset * format.size()..storage.start + end * format.size();
        Ok(Self { format, shape, strides, range, count })
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn format(&self) -> &Format {
        &self.format
    }

    /// Hands the numbers to `each`, row-major, some after the others.
    ///
    /// # Errors
    /// What the numbers are, if they are not read.
    pub(super) fn read(&self, file: &[u8], each: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let bytes = file.get(self.range.clone()).unwrap_or_default();
        // Weights are written out; only constants are spread (and a small file could claim any size).
        if self.count > self.range.len() / self.format.size() {
            return Err("fewer numbers than it has places (a stride of 0)".to_owned());
        }
        match &self.format {
            Format::F32 => self.numbers(bytes, f32::from_le_bytes, each),
            Format::F16 => self.numbers(bytes, |b| f16::from_le_bytes(b).to_f32(), each),
            Format::BF16 => self.numbers(bytes, |b| bf16::from_le_bytes(b).to_f32(), each),
            Format::F64 => self.numbers(bytes, |b| f64::from_le_bytes(b) as f32, each),
            Format::Other(name, _) => return Err(name.clone()),
        }
        Ok(())
    }

    fn numbers<const N: usize>(
        &self,
        bytes: &[u8],
        read: impl Fn([u8; N]) -> f32,
        each: &mut dyn FnMut(&[f32]),
    ) {
        let stored = bytes.as_chunks::<N>().0;
        if self.is_row_major() {
            for part in stored.chunks(PART) {
                each(&part.iter().map(|&number| read(number)).collect::<Vec<f32>>());
            }
            return;
        }
        let mut numbers = Vec::with_capacity(PART.min(self.count));
        let mut place = vec![0; self.shape.len()];
        for done in 1..=self.count {
            let at: usize = place.iter().zip(&self.strides).map(|(&i, &stride)| i * stride).sum();
            numbers.push(stored.get(at).map_or(f32::NAN, |&number| read(number)));
            if numbers.len() == PART || done == self.count {
                each(&numbers);
                numbers.clear();
            }
            // The next place, the last axis first.
            for (i, &dim) in place.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < dim {
                    break;
                }
                *i = 0;
            }
        }
    }

    fn is_row_major(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(&dim, &stride)| {
            let plain = dim == 1 || stride == expected;
            expected *= dim;
            plain
        }) || self.count == 0
    }
}
