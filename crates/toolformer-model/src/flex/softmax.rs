//! Softmax over what a query sees.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::exp::exp;

/// Turns rows of scores into weights: softmax over the columns that are seen, zero elsewhere.
pub(super) struct Softmax<'a> {
    /// `[rows, columns]`
    pub(super) scores: &'a mut [f32],
    pub(super) columns: usize,
    /// The columns that are seen, in order, for each `rows_of_each` rows in turn.
    pub(super) seen: &'a [Vec<Range<usize>>],
    pub(super) rows_of_each: usize,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, scores) in self.scores.chunks_exact_mut(self.columns).enumerate() {
            softmax(simd, scores, &self.seen[row / self.rows_of_each]);
        }
    }
}

// Without closures, which would not be compiled for the instructions that were chosen.
#[inline(always)]
fn softmax<S: Simd>(simd: S, scores: &mut [f32], seen: &[Range<usize>]) {
    let mut greatest = simd.splat_f32s(f32::NEG_INFINITY);
    let mut max = f32::NEG_INFINITY;
    for range in seen {
        let (vectors, rest) = S::as_simd_f32s(&scores[range.clone()]);
        for &x in vectors {
            greatest = simd.max_f32s(greatest, x);
        }
        for &x in rest {
            max = max.max(x);
        }
    }
    let max = simd.splat_f32s(max.max(simd.reduce_max_f32s(greatest)));
    let mut sums = simd.splat_f32s(0.0);
    let mut sum = 0.0;
    let mut end = 0;
    for range in seen {
        scores[end..range.start].fill(0.0);
        end = range.end;
        let (vectors, rest) = S::as_mut_simd_f32s(&mut scores[range.clone()]);
        for x in vectors {
            *x = exp(simd, simd.sub_f32s(*x, max));
            sums = simd.add_f32s(sums, *x);
        }
        if !rest.is_empty() {
            let weights = exp(simd, simd.sub_f32s(simd.partial_load_f32s(rest), max));
            simd.partial_store_f32s(rest, weights);
            sum += rest.iter().sum::<f32>();
        }
    }
    scores[end..].fill(0.0);
    let scale = 1.0 / (sum + simd.reduce_sum_f32s(sums));
    for range in seen {
        let (vectors, rest) = S::as_mut_simd_f32s(&mut scores[range.clone()]);
        for x in vectors {
            *x = simd.mul_f32s(*x, simd.splat_f32s(scale));
        }
        for x in rest {
            *x *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;

    #[track_caller]
    fn check(columns: usize, seen: &[Range<usize>]) {
        let scores: Vec<f32> = (0..2 * columns).map(|n| ((n * 7919) % 101) as f32 / 10.0 - 5.0).collect();
        let mut weights = scores.clone();
        let all = [seen.to_vec()];
        Arch::new().dispatch(Softmax { scores: &mut weights, columns, seen: &all, rows_of_each: 2 });
        for (scores, weights) in scores.chunks(columns).zip(weights.chunks(columns)) {
            let is_seen = |column: usize| seen.iter().any(|range| range.contains(&column));
            let total: f64 = (0..columns).filter(|&n| is_seen(n)).map(|n| f64::from(scores[n]).exp()).sum();
            for (column, &weight) in weights.iter().enumerate() {
                let expected = if is_seen(column) { f64::from(scores[column]).exp() / total } else { 0.0 };
                assert!((f64::from(weight) - expected).abs() < 1e-6, "{weight} instead of {expected}");
            }
        }
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a list of ranges that happens to have one")]
    fn what_is_not_seen_has_no_weight() {
        check(1, &[0..1]);
        check(40, &[0..40]);
        check(70, &[0..19, 33..34, 35..70]);
        check(70, &[3..64]);
        check(5, &[]);
    }

    #[test]
    fn scores_that_are_no_numbers_are_not_hidden() {
        let mut scores = vec![0.0; 40];
        scores[7] = f32::NAN;
        let seen = [std::iter::once(0..40).collect()];
        Arch::new().dispatch(Softmax { scores: &mut scores, columns: 40, seen: &seen, rows_of_each: 1 });
        assert!(scores[7].is_nan() && scores[39].is_nan());
    }
}
