//! The numbers of a tensor where burn-flex has them.

use std::any::Any;

use burn::tensor::{DType, FloatDType, Tensor, backend::Backend};
use burn_flex::{Flex, FlexTensor};

/// The numbers of a tensor; those of its last axis lie side by side.
pub(crate) struct Numbers<const D: usize> {
    tensor: FlexTensor,
    strides: [usize; D],
}

impl<const D: usize> Numbers<D> {
    /// Without a copy but for tensors of which the last axis is strided; none if it is another backend's.
    pub(crate) fn of<B: Backend>(tensor: &Tensor<B, D>) -> Option<Self> {
        let tensor = (tensor as &dyn Any).downcast_ref::<Tensor<Flex, D>>()?;
        let tensor = tensor.clone().into_primitive().tensor();
        Some(Self::strided(&tensor).map_or_else(
            || {
                let tensor = tensor.to_contiguous();
                let strides = Self::strided(&tensor)
                    .unwrap_or_else(|| unreachable!("a contiguous tensor has side by side numbers"));
                Self { tensor, strides }
            },
            |strides| Self { tensor: tensor.clone(), strides },
        ))
    }

    /// The same in single precision, whatever the tensor is in.
    pub(crate) fn single<B: Backend>(tensor: &Tensor<B, D>) -> Option<Self> {
        if tensor.dtype() == DType::F32 {
            Self::of(tensor)
        } else {
            Self::of(&tensor.clone().cast(FloatDType::F32))
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        self.tensor.dtype()
    }

    /// The strides, if those of the last axis are side by side.
    fn strided(tensor: &FlexTensor) -> Option<[usize; D]> {
        let mut strides = [0; D];
        for (ours, &theirs) in strides.iter_mut().zip(tensor.layout().strides()) {
            *ours = usize::try_from(theirs).ok()?;
        }
        (strides[D - 1] == 1 || tensor.layout().shape()[D - 1] == 1).then_some(strides)
    }

    /// From the number at a place on, in single precision.
    pub(crate) fn from(&self, place: [usize; D]) -> &[f32] {
        &self.tensor.storage::<f32>()[self.offset(place)..]
    }

    /// The bytes of numbers, from that at a place on.
    pub(crate) fn bytes(&self, place: [usize; D], count: usize) -> &[u8] {
        &self.tensor.bytes()[self.offset(place) * self.dtype().size()..][..count]
    }

    fn offset(&self, place: [usize; D]) -> usize {
        let at: usize = place.iter().zip(self.strides).map(|(at, stride)| at * stride).sum();
        self.tensor.layout().start_offset() + at
    }

    /// How far the numbers of an axis lie from each other.
    pub(crate) fn stride(&self, axis: usize) -> usize {
        self.strides[axis]
    }
}

/// The numbers of a tensor of burn-flex, which this is for alone.
pub(super) fn known<const D: usize>(numbers: Option<Numbers<D>>) -> Numbers<D> {
    numbers.unwrap_or_else(|| unreachable!("attention on burn-flex's memory was planned for another backend"))
}

#[cfg(test)]
mod tests {
    use burn::{backend::Autodiff, tensor::Distribution};

    use super::*;

    fn random() -> Tensor<Flex, 3> {
        Tensor::random([3, 4, 5], Distribution::Default, &Default::default())
    }

    #[track_caller]
    fn check(tensor: &Tensor<Flex, 3>, place: [usize; 3]) {
        let numbers = Numbers::of(tensor).unwrap();
        let [x, y, z] = place;
        let expected = tensor.clone().slice([x..x + 1, y..y + 1, z..z + 1]).into_scalar();
        assert_eq!(numbers.from(place)[0], expected);
        assert_eq!(numbers.bytes(place, 4), expected.to_ne_bytes());
    }

    #[test]
    fn numbers_are_found_in_views() {
        check(&random(), [2, 3, 4]);
        check(&random().narrow(1, 1, 2), [2, 1, 4]);
        check(&random().narrow(2, 3, 2), [1, 3, 1]);
        check(&random().swap_dims(0, 1), [3, 2, 4]);
        check(&random().swap_dims(1, 2), [2, 4, 3]);
        check(&random().flip([0, 2]), [0, 1, 2]);
    }

    #[test]
    fn half_precision_is_turned_into_single() {
        let half = random().cast(FloatDType::F16).swap_dims(0, 2);
        let expected = half.clone().cast(FloatDType::F32).slice([4..5, 1..2, 2..3]).into_scalar();
        assert_eq!(Numbers::single(&half).unwrap().from([4, 1, 2])[0], expected);
        assert_eq!(Numbers::of(&half).unwrap().dtype(), DType::F16);
    }

    #[test]
    fn others_have_none() {
        let tracked: Tensor<Autodiff<Flex>, 3> = Tensor::from_inner(random());
        assert!(Numbers::of(&tracked).is_none());
    }
}
