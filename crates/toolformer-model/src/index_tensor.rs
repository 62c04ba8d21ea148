//! Indices on the device.

use burn::tensor::{Int, Tensor, backend::Backend};

/// `[indices]`, for rows to be selected by.
pub(crate) fn index_tensor<B: Backend>(
    indices: impl IntoIterator<Item = usize>,
    device: &B::Device,
) -> Tensor<B, 1, Int> {
    let indices: Vec<i32> = indices.into_iter().map(|at| i32::try_from(at).unwrap_or(i32::MAX)).collect();
    Tensor::from_ints(indices.as_slice(), device)
}
