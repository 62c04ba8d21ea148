//! A sum of squares over threads.

use burn::tensor::{DType, Tensor, backend::Backend};
use rayon::prelude::*;

use super::numbers::Numbers;

/// Numbers that are added up in single precision before they go into the sum; as many side by side.
const PIECE: usize = 4096;
const LANES: usize = 16;

/// The sum of the squares; none if the numbers are not burn-flex's in single precision.
pub(crate) fn sum_of_squares<B: Backend>(x: &Tensor<B, 1>) -> Option<f64> {
    if x.dtype() != DType::F32 {
        return None;
    }
    let numbers = Numbers::of(x)?;
    let of_pieces: Vec<f64> =
        numbers.from([0])[..x.dims()[0]].par_chunks(PIECE).with_min_len(8).map(of_piece).collect();
    Some(of_pieces.iter().sum())
}

fn of_piece(numbers: &[f32]) -> f64 {
    let mut sums = [0.0f32; LANES];
    let (parts, rest) = numbers.as_chunks::<LANES>();
    for part in parts {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += x * x;
        }
    }
    let rest: f64 = rest.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + rest
}
