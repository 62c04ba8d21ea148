//! A model's tensors as the safetensors writer wants them, each copied to the host when its turn comes.

use std::{borrow::Cow, cell::RefCell};

use burn::tensor::backend::Backend;
use half::{bf16, f16};
use safetensors::{Dtype, View};

use crate::leaf::Leaf;

/// How the numbers of a saved model are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaveFormat {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats of IEEE 754, up to 65,504.
    F16,
    /// 32-bit floats without their lower half.
    BF16,
}

impl SaveFormat {
    /// Its name in a `config.json`.
    pub(crate) fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
        }
    }

    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::BF16 => Dtype::BF16,
        }
    }

    /// Bytes of a number.
    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// Names of tensors with numbers that a format cannot hold.
pub(crate) type Overflown = RefCell<Vec<String>>;

/// One tensor of a leaf.
pub(crate) struct StreamedTensor<'a, B: Backend> {
    leaf: &'a dyn Leaf<B>,
    /// Which of the leaf's.
    nth: usize,
    pub(crate) name: String,
    shape: Vec<usize>,
    format: SaveFormat,
    overflown: &'a Overflown,
}

impl<'a, B: Backend> StreamedTensor<'a, B> {
    /// All tensors of a leaf.
    pub(crate) fn of(
        leaf: &'a dyn Leaf<B>,
        format: SaveFormat,
        overflown: &'a Overflown,
    ) -> impl Iterator<Item = Self> {
        leaf.tensors().into_iter().enumerate().map(move |(nth, (name, shape, _))| Self {
            leaf,
            nth,
            name,
            shape,
            format,
            overflown,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl<B: Backend> View for &StreamedTensor<'_, B> {
    fn dtype(&self) -> Dtype {
        self.format.dtype()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let tensor = self.leaf.tensors().swap_remove(self.nth).2;
        let data = tensor.into_data().convert::<f32>();
        let values: &[f32] = data.as_slice().unwrap_or_default();
        match self.format {
            SaveFormat::F32 => data.as_bytes().to_vec().into(),
            SaveFormat::F16 => {
                let overflows = |value: &f32| value.is_finite() && !f16::from_f32(*value).is_finite();
                if values.iter().any(overflows) {
                    self.overflown.borrow_mut().push(self.name.clone());
                }
                values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
            }
            SaveFormat::BF16 => {
                values.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect()
            }
        }
    }

    fn data_len(&self) -> usize {
        self.count() * self.format.size()
    }
}
