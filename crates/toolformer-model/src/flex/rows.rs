//! Work on the rows of matrices, split over threads in pieces that do not depend on how many threads there are.

use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use rayon::prelude::*;

/// Numbers of a piece: enough that handing it to another thread is worth it.
const PIECE: usize = 16 * 1024;

/// Rows of a piece where rows have `width` numbers.
pub(super) fn rows_of_piece(width: usize) -> usize {
    (PIECE / width.max(1)).max(1)
}

/// Fills a new matrix, `[rows, width]`, piece by piece: `fill` is given the number of a piece's first row, and the piece.
pub(super) fn filled(
    [rows, width]: [usize; 2],
    fill: impl Fn(usize, &mut [f32]) + Sync + Send,
) -> Tensor<Flex, 2> {
    let mut out = vec![0.0f32; rows * width];
    let many = rows_of_piece(width);
    out.par_chunks_mut(many * width).enumerate().for_each(|(piece, out)| fill(piece * many, out));
    Tensor::from_data(TensorData::new(out, [rows, width]), &Default::default())
}

/// The sum of what every piece of `rows` rows gives, in their order.
pub(super) fn summed(
    [rows, width]: [usize; 2],
    of: impl Fn(std::ops::Range<usize>) -> Vec<f32> + Sync + Send,
) -> Vec<f32> {
    let many = rows_of_piece(width);
    let pieces: Vec<Vec<f32>> = (0..rows.div_ceil(many))
        .into_par_iter()
        .map(|piece| of(piece * many..rows.min((piece + 1) * many)))
        .collect();
    let mut sums = vec![0.0; width];
    for piece in pieces {
        sums.iter_mut().zip(piece).for_each(|(sum, part)| *sum += part);
    }
    sums
}
