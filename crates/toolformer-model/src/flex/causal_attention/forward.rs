//! What the queries of a sequence mix.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::sequence::{Place, QUERIES, Sequences, Work, turn};
use crate::flex::{
    exp::exp,
    numbers::Numbers,
    product::{Matrix, Product},
};

impl Sequences {
    /// What the queries of a place mix, `[per_kv, len, d_head]`, and the logarithms of the sums of their weights,
    /// `[per_kv, len]`.
    pub(super) fn mix(
        &self,
        place: Place,
        [q, k, v]: [&Numbers<2>; 3],
        work: &mut Work,
    ) -> (Vec<f32>, Vec<f32>) {
        let (tokens, d_head, arch) = (self.tokens(place), self.d_head, Arch::new());
        let (first, len) = (tokens.start, tokens.len());
        work.resize(len, d_head);
        turn(k.from([first, place.head * d_head]), k.stride(0), [len, d_head], &mut work.keys);
        let mut mixed = vec![0.0; self.per_kv * len * d_head];
        let mut log_sums = vec![0.0; self.per_kv * len];
        for head in 0..self.per_kv {
            let column = (place.head * self.per_kv + head) * d_head;
            for (queries, seen) in self.blocks(len) {
                let width = seen.len();
                arch.dispatch(Product {
                    a: Matrix { numbers: q.from([first + queries.start, column]), stride: q.stride(0) },
                    b: Matrix { numbers: &work.keys[seen.start..], stride: len },
                    out: &mut work.weights,
                    out_stride: width,
                    rows: queries.len(),
                    inner: d_head,
                    columns: width,
                    add: false,
                });
                for (query, weights) in queries.clone().zip(work.weights.chunks_exact_mut(width)) {
                    let own = self.seen(query);
                    let log_sum = arch
                        .dispatch(Softmax { weights, seen: own.start - seen.start..own.end - seen.start });
                    log_sums[head * len + query] = log_sum;
                }
                arch.dispatch(Product {
                    a: Matrix { numbers: &work.weights, stride: width },
                    b: Matrix {
                        numbers: v.from([first + seen.start, place.head * d_head]),
                        stride: v.stride(0),
                    },
                    out: &mut mixed[(head * len + queries.start) * d_head..],
                    out_stride: d_head,
                    rows: queries.len(),
                    inner: width,
                    columns: d_head,
                    add: false,
                });
            }
        }
        (mixed, log_sums)
    }
}

impl Work {
    /// Makes room for a sequence.
    pub(super) fn resize(&mut self, len: usize, d_head: usize) {
        let Self { keys, values, weights, slopes, turned } = self;
        [keys, values].into_iter().for_each(|of| of.resize(len * d_head, 0.0));
        [weights, slopes, turned].into_iter().for_each(|of| of.resize(len * QUERIES, 0.0));
    }
}

/// Turns a query's scores into weights, which are 0 outside what is seen; returns the logarithm of the sum of exponentials.
struct Softmax<'a> {
    weights: &'a mut [f32],
    seen: Range<usize>,
}

impl WithSimd for Softmax<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { weights, seen } = self;
        weights[..seen.start].fill(0.0);
        weights[seen.end..].fill(0.0);
        let weights = &mut weights[seen];
        let max = weights.iter().fold(f32::NEG_INFINITY, |max, &x| max.max(x));
        let shift = simd.splat_f32s(max);
        let mut sum = 0.0;
        for part in weights.chunks_mut(S::F32_LANES) {
            let exponentials = exp(simd, simd.sub_f32s(simd.partial_load_f32s(part), shift));
            simd.partial_store_f32s(part, exponentials);
            sum += part.iter().sum::<f32>();
        }
        let scale = 1.0 / sum;
        weights.iter_mut().for_each(|weight| *weight *= scale);
        max + sum.ln()
    }
}
