//! Small products of matrices on one thread, with nothing packed and nothing allocated.

use pulp::{Simd, WithSimd};

/// A matrix whose rows lie contiguous.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) numbers: &'a [f32],
    /// From a row to the next.
    pub(super) stride: usize,
}

/// `out = a b`, or `out = out + a b`.
pub(super) struct Product<'a> {
    /// `[rows, inner]`
    pub(super) a: Matrix<'a>,
    /// `[inner, columns]`
    pub(super) b: Matrix<'a>,
    /// `[rows, columns]`
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
    /// Whether to add to what is there.
    pub(super) add: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, rows, out_stride, .. } = self;
        let mut row = 0;
        while row < rows {
            let a = Matrix { numbers: &a.numbers[row * a.stride..], stride: a.stride };
            let band = Band { a, out: &mut self.out[row * out_stride..], ..self };
            row += match rows - row {
                1 => band.compute::<S, 1>(simd),
                2 => band.compute::<S, 2>(simd),
                3 => band.compute::<S, 3>(simd),
                4 => band.compute::<S, 4>(simd),
                5 => band.compute::<S, 5>(simd),
                _ => band.compute::<S, 6>(simd),
            };
        }
    }
}

/// A few rows of a product.
type Band<'a> = Product<'a>;

impl Band<'_> {
    /// The first `R` rows; returns `R`.
    #[inline(always)]
    fn compute<S: Simd, const R: usize>(mut self, simd: S) -> usize {
        let Self { a, inner, columns, .. } = self;
        let rows: [&[f32]; R] = std::array::from_fn(|row| &a.numbers[row * a.stride..][..inner]);
        // The sums, a row of vectors and a factor have to stay in registers.
        let wide = 4 * R + 5 <= S::REGISTER_COUNT;
        let mut column = 0;
        while wide && column + 4 * S::F32_LANES <= columns {
            self.tile::<S, R, 4>(simd, &rows, column);
            column += 4 * S::F32_LANES;
        }
        while column + 2 * S::F32_LANES <= columns {
            self.tile::<S, R, 2>(simd, &rows, column);
            column += 2 * S::F32_LANES;
        }
        while column < columns {
            let width = S::F32_LANES.min(columns - column);
            self.edge::<S, R>(simd, &rows, column, width);
            column += width;
        }
        R
    }

    /// `V` whole vectors of columns.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, rows: &[&[f32]; R], column: usize) {
        let Self { b, inner, out_stride, add, .. } = *self;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for k in 0..inner {
            let (vectors, _) = S::as_simd_f32s(&b.numbers[k * b.stride + column..][..V * S::F32_LANES]);
            for (sums, row) in sums.iter_mut().zip(rows) {
                let factor = simd.splat_f32s(row[k]);
                for v in 0..V {
                    sums[v] = simd.mul_add_f32s(factor, vectors[v], sums[v]);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let at = &mut self.out[row * out_stride + column..][..V * S::F32_LANES];
            let (out, _) = S::as_mut_simd_f32s(at);
            for v in 0..V {
                out[v] = if add { simd.add_f32s(out[v], sums[v]) } else { sums[v] };
            }
        }
    }

    /// A part of a vector of columns.
    #[inline(always)]
    fn edge<S: Simd, const R: usize>(&mut self, simd: S, rows: &[&[f32]; R], column: usize, width: usize) {
        let Self { b, inner, out_stride, add, .. } = *self;
        let mut sums = [simd.splat_f32s(0.0); R];
        for k in 0..inner {
            let vector = simd.partial_load_f32s(&b.numbers[k * b.stride + column..][..width]);
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = simd.mul_add_f32s(simd.splat_f32s(row[k]), vector, *sum);
            }
        }
        for (row, &sum) in sums.iter().enumerate() {
            let out = &mut self.out[row * out_stride + column..][..width];
            let sum = if add { simd.add_f32s(simd.partial_load_f32s(out), sum) } else { sum };
            simd.partial_store_f32s(out, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Arch;

    use super::*;

    fn numbers(seed: usize, count: usize) -> Vec<f32> {
        (0..count).map(|n| ((n * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_product(
            rows in 1usize..15,
            inner in 1usize..40,
            columns in 1usize..150,
            wider in 0usize..3,
            add: bool,
        ) {
            let a = numbers(1, rows * (inner + wider));
            let b = numbers(2, inner * (columns + wider));
            let before = numbers(3, rows * (columns + wider));
            let mut out = before.clone();
            Arch::new().dispatch(Product {
                a: Matrix { numbers: &a, stride: inner + wider },
                b: Matrix { numbers: &b, stride: columns + wider },
                out: &mut out,
                out_stride: columns + wider,
                rows,
                inner,
                columns,
                add,
            });
            for (place, found) in out.iter().enumerate() {
                let (row, column) = (place / (columns + wider), place % (columns + wider));
                let sum: f64 = (0..inner)
                    .map(|k| f64::from(a[row * (inner + wider) + k]) * f64::from(b[k * (columns + wider) + column % columns]))
                    .sum();
                let expected = match (column < columns, add) {
                    (false, _) => f64::from(before[place]),
                    (true, false) => sum,
                    (true, true) => f64::from(before[place]) + sum,
                };
                prop_assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} instead of {expected}");
            }
        }
    }
}
