//! In which numbers a model is held and computes.

use std::{fmt, str::FromStr};

use burn::tensor::{
    DType, FloatDType, Tensor,
    backend::{Backend, DTypeUsage},
    quantization::{BlockSize, QuantLevel, QuantParam, QuantScheme, QuantStore, QuantValue},
};

use crate::error::ModelError;

/// Weights that share a scale.
pub(crate) const BLOCK: usize = 32;

/// In which numbers a model is held and computes.
///
/// In half precision, norms, softmax and logits are computed in single precision all the same, as in transformers.
/// The 8 and 4 bits are of the linear layers' weights between embedding and head alone, symmetric, with a scale for
/// every 32 of them; all the rest stays in single precision. They are for loading large models: quantised weights
/// cannot be trained, only LoRA's updates on them, and whether they are faster depends on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Half precision: 5 bits of exponent.
    F16,
    /// Half precision: 8 bits of exponent.
    Bf16,
    /// Weights in 8 bits.
    Int8,
    /// Weights in 4 bits.
    Int4,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Int8, Self::Int4];

    /// The name, as [`Precision::from_str`] takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }

    /// The numbers of all that is not quantised.
    pub fn float(self) -> FloatDType {
        match self {
            Self::F16 => FloatDType::F16,
            Self::Bf16 => FloatDType::BF16,
            Self::F32 | Self::Int8 | Self::Int4 => FloatDType::F32,
        }
    }

    /// How the weights of linear layers are quantised.
    pub fn scheme(self) -> Option<QuantScheme> {
        let value = match self {
            Self::F32 | Self::F16 | Self::Bf16 => return None,
            Self::Int8 => QuantValue::Q8S,
            Self::Int4 => QuantValue::Q4S,
        };
        let scheme = QuantScheme::default()
            .with_value(value)
            .with_level(QuantLevel::Block(BlockSize::new([BLOCK as u8])))
            .with_param(QuantParam::F32)
            .with_store(QuantStore::PackedU32(0));
        Some(scheme)
    }

    /// Bytes of a number that is not quantised.
    pub(crate) fn float_bytes(self) -> u64 {
        DType::from(self.float()).size() as u64
    }

    /// Bits of a weight of a linear layer, its part of the block's scale included.
    pub(crate) fn weight_bits(self) -> u64 {
        const SCALE_BITS: usize = 32;
        self.scheme()
            .map_or(8 * self.float_bytes(), |scheme| (scheme.size_bits_value() + SCALE_BITS / BLOCK) as u64)
    }

    /// Whether the device has it.
    ///
    /// # Errors
    /// If it has not.
    pub fn check<B: Backend>(self, device: &B::Device) -> Result<(), ModelError> {
        let usable = match self.scheme() {
            Some(scheme) => B::dtype_usage(device, DType::QFloat(scheme)).contains(DTypeUsage::Storage),
            None => B::supports_dtype(device, self.float().into()),
        };
        if usable {
            return Ok(());
        }
        Err(ModelError::Precision { precision: self.name(), device: B::name(device) })
    }

    /// A linear layer's weight as it is held. Rows that are no multiple of a block stay as they are.
    pub(crate) fn weight<B: Backend>(self, weight: Tensor<B, 2>) -> Tensor<B, 2> {
        match self.scheme() {
            Some(scheme) if weight.dims()[1].is_multiple_of(BLOCK) => weight.quantize_dynamic(&scheme),
            _ => weight,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|precision| precision.name() == name);
        named.ok_or_else(|| {
            format!("there is no precision `{name}`; there are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// In single precision, for what half precision would spoil.
pub(crate) fn in_f32<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    in_type(x, DType::F32)
}

/// In the numbers of another tensor.
pub(crate) fn in_type<B: Backend, const D: usize>(x: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    if x.dtype() == dtype { x } else { x.cast(FloatDType::from(dtype)) }
}

/// Whether a weight is quantised.
pub(crate) fn is_quantised<B: Backend, const D: usize>(weight: &Tensor<B, D>) -> bool {
    matches!(weight.dtype(), DType::QFloat(_))
}

/// A weight as floats.
pub(crate) fn dequantised<B: Backend, const D: usize>(weight: Tensor<B, D>) -> Tensor<B, D> {
    if is_quantised(&weight) { weight.dequantize() } else { weight }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;
    use crate::leaf::bytes;

    /// 8 bits and a scale for 32 weights are 9 of 32 bits, 4 bits are 5 of 32.
    #[track_caller]
    fn check_weight(precision: Precision, shape: [usize; 2], expected_bytes: usize) {
        let weight = Tensor::<Flex, 2>::ones(shape, &Default::default());
        assert_eq!(bytes(&precision.weight(weight)), expected_bytes);
    }

    #[test]
    fn weights_are_quantised_in_blocks() {
        check_weight(Precision::F32, [3, 64], 3 * 64 * 4);
        check_weight(Precision::Int8, [3, 64], 3 * 64 * 4 * 9 / 32);
        check_weight(Precision::Int4, [3, 64], 3 * 64 * 4 * 5 / 32);
        check_weight(Precision::Int4, [3, 48], 3 * 48 * 4);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        assert!("f64".parse::<Precision>().unwrap_err().contains("f32, f16, bf16, int8, int4"));
    }
}
