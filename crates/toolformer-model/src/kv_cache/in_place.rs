//! Writing a part of a tensor without a copy of the whole.

use burn::tensor::{Tensor, TensorData, backend::Backend};

#[cfg(feature = "flex")]
use crate::flex::Numbers;
use crate::shards::is_flex;

/// `whole` with `part` in it, whose rows and columns start at `slot` and `column`; in place where nobody else has `whole`.
///
/// # Shapes
/// - `whole`: `[heads, slots, capacity, d_head]`
/// - `part`: `[heads, rows, columns, d_head]`
pub(super) fn put<B: Backend>(
    whole: Tensor<B, 4>,
    [slot, column]: [usize; 2],
    part: Tensor<B, 4>,
) -> Tensor<B, 4> {
    let [heads, rows, columns, d_head] = part.dims();
    let device = whole.device();
    if !is_flex::<B>(&device) {
        let target = [0..heads, slot..slot + rows, column..column + columns, 0..d_head];
        return whole.slice_assign(target, part);
    }
    // burn-flex's `slice_assign` copies all of `whole`, whoever has it. Its numbers are in our own memory, and are handed
    // out and taken back without a copy.
    let [_, slots, capacity, _] = whole.dims();
    let (mut data, part) = (whole.into_data(), part.into_data());
    let TensorData { bytes, dtype, .. } = &mut data;
    let (number, dtype) = (d_head * dtype.size(), *dtype);
    for (row, part) in part.as_bytes().chunks_exact((columns * number).max(1)).enumerate() {
        let (head, row) = (row / rows, slot + row % rows);
        let start = ((head * slots + row) * capacity + column) * number;
        bytes[start..start + columns * number].copy_from_slice(part);
    }
    Tensor::from_data(data, (&device, dtype))
}

/// `whole` with tokens in it: `lens` of them a slot, from `column` on.
///
/// # Shapes
/// - `whole`: `[heads, slots, capacity, d_head]`
/// - `tokens`: `[tokens, heads * d_head]`, in the same numbers
#[cfg(feature = "flex")]
pub(super) fn put_tokens<B: Backend>(
    whole: Tensor<B, 4>,
    column: usize,
    tokens: &Numbers<2>,
    lens: &[usize],
) -> Tensor<B, 4> {
    let ([heads, slots, capacity, d_head], device) = (whole.dims(), whole.device());
    let mut data = whole.into_data();
    let TensorData { bytes, dtype, .. } = &mut data;
    assert_eq!(*dtype, tokens.dtype(), "keys and values are in the numbers of those before them");
    let (number, dtype) = (d_head * dtype.size(), *dtype);
    let mut token = 0;
    for (slot, &len) in lens.iter().enumerate() {
        for column in column..column + len {
            for head in 0..heads {
                let start = ((head * slots + slot) * capacity + column) * number;
                let from = tokens.bytes([token, head * d_head], number);
                bytes[start..start + number].copy_from_slice(from);
            }
            token += 1;
        }
    }
    Tensor::from_data(data, (&device, dtype))
}

#[cfg(test)]
mod tests {
    use burn::{
        backend::Flex,
        tensor::{Distribution, FloatDType, Tensor},
    };

    use super::*;

    #[track_caller]
    fn check(size: [usize; 4], at: [usize; 2], rows: usize, columns: usize) {
        let device = Default::default();
        let random = |size: [usize; 4]| Tensor::<Flex, 4>::random(size, Distribution::Default, &device);
        let [heads, _, _, d_head] = size;
        // Strided, as keys come from the model.
        let part = random([rows, columns, heads, d_head]).permute([2, 0, 1, 3]); // [heads, rows, columns, d_head]
        let whole = random(size);
        let target = [0..heads, at[0]..at[0] + rows, at[1]..at[1] + columns, 0..d_head];
        let expected = whole.clone().slice_assign(target, part.clone());
        // Once where it is shared, which must not change, and once in place.
        let shared = put(whole.clone(), at, part.clone());
        assert_eq!(shared.into_data(), expected.clone().into_data());
        assert_ne!(whole.clone().into_data(), expected.clone().into_data());
        let before = whole.clone().into_data();
        assert_eq!(whole.clone().into_data(), before);
        assert_eq!(put(whole, at, part).into_data(), expected.into_data());
    }

    #[cfg(feature = "flex")]
    #[test]
    fn tokens_are_put_in_their_slots() {
        let device = Default::default();
        let random = |size: [usize; 2]| Tensor::<Flex, 2>::random(size, Distribution::Default, &device);
        for dtype in [FloatDType::F32, FloatDType::F16] {
            // Two heads of three features, as a part of what the model computes at once.
            let tokens = random([5, 10]).cast(dtype).narrow(1, 2, 6);
            let whole = Tensor::<Flex, 4>::zeros([2, 3, 7, 3], &device).cast(dtype);
            let numbers = Numbers::of(&tokens).unwrap();
            let found = put_tokens(whole.clone(), 2, &numbers, &[4, 1]);
            let heads = tokens.reshape([5, 2, 3]).swap_dims(0, 1); // [heads, tokens, d_head]
            let of =
                |rows: std::ops::Range<usize>| heads.clone().slice([0..2, rows, 0..3]).unsqueeze_dim::<4>(1);
            let expected = whole.slice_assign([0..2, 0..1, 2..6, 0..3], of(0..4));
            let expected = expected.slice_assign([0..2, 1..2, 2..3, 0..3], of(4..5));
            assert_eq!(found.into_data(), expected.into_data());
        }
    }

    #[test]
    fn a_part_is_put_in_its_place() {
        check([2, 3, 5, 4], [0, 0], 3, 5);
        check([2, 3, 5, 4], [1, 2], 2, 3);
        check([3, 4, 7, 2], [3, 6], 1, 1);
        check([1, 1, 9, 8], [0, 4], 1, 1);
    }
}
