//! The gradients of a sequence's queries, keys and values.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::sequence::{Place, Sequences, Work, turn};
use crate::flex::{
    exp::exp,
    numbers::Numbers,
    product::{Matrix, Product},
};

impl Sequences {
    /// Gradients of the queries, `[per_kv, len, d_head]`, and of keys and values, `[len, d_head]`.
    ///
    /// With weights `P = softmax(Q K^T)`, output `O = P V` and its gradient `dO`: `dV = P^T dO`,
    /// `dS = P (dO V^T - rowsum(dO O))`, `dQ = dS K`, `dK = dS^T Q`.
    pub(super) fn gradients(
        &self,
        place: Place,
        [q, k, v, out, of_out]: [&Numbers<2>; 5],
        log_sums: &[f32],
        work: &mut Work,
    ) -> [Vec<f32>; 3] {
        let (tokens, d_head, arch) = (self.tokens(place), self.d_head, Arch::new());
        let (first, len, n_heads) = (tokens.start, tokens.len(), self.n_kv_heads * self.per_kv);
        work.resize(len, d_head);
        let of_place = place.head * d_head;
        turn(k.from([first, of_place]), k.stride(0), [len, d_head], &mut work.keys);
        turn(v.from([first, of_place]), v.stride(0), [len, d_head], &mut work.values);
        let mut dq = vec![0.0; self.per_kv * len * d_head];
        let [mut dk, mut dv] = [vec![0.0; len * d_head], vec![0.0; len * d_head]];
        for head in 0..self.per_kv {
            let number = place.head * self.per_kv + head;
            let column = number * d_head;
            for (queries, seen) in self.blocks(len) {
                let (width, many) = (seen.len(), queries.len());
                let [queries_at, of_out_at] = [q, of_out].map(|of| Matrix {
                    numbers: of.from([first + queries.start, column]),
                    stride: of.stride(0),
                });
                let product = |a, keys: &[f32], out: &mut [f32]| {
                    let b = Matrix { numbers: &keys[seen.start..], stride: len };
                    let (rows, inner, columns) = (many, d_head, width);
                    arch.dispatch(Product { a, b, out, out_stride: width, rows, inner, columns, add: false });
                };
                product(queries_at, &work.keys, &mut work.weights);
                product(of_out_at, &work.values, &mut work.slopes);
                let rows = work.weights.chunks_exact_mut(width).zip(work.slopes.chunks_exact_mut(width));
                for (query, (weights, slopes)) in queries.clone().zip(rows) {
                    let own = self.seen(query);
                    let token = first + query;
                    let [out, of_out] = [out, of_out].map(|of| &of.from([token, column])[..d_head]);
                    arch.dispatch(Slopes {
                        weights,
                        slopes,
                        seen: own.start - seen.start..own.end - seen.start,
                        log_sum: log_sums[token * n_heads + number],
                        mean: out.iter().zip(of_out).map(|(a, b)| a * b).sum(),
                    });
                }
                let add = |a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], [rows, inner]: [usize; 2]| {
                    let (out_stride, columns) = (d_head, d_head);
                    arch.dispatch(Product { a, b, out, out_stride, rows, inner, columns, add: true });
                };
                let keys = Matrix { numbers: k.from([first + seen.start, of_place]), stride: k.stride(0) };
                let slopes = Matrix { numbers: &work.slopes, stride: width };
                add(slopes, keys, &mut dq[(head * len + queries.start) * d_head..], [many, width]);
                for (matrix, b, sums) in
                    [(&work.weights, of_out_at, &mut dv), (&work.slopes, queries_at, &mut dk)]
                {
                    turn(matrix, width, [many, width], &mut work.turned);
                    let turned = Matrix { numbers: &work.turned, stride: many };
                    add(turned, b, &mut sums[seen.start * d_head..], [width, many]);
                }
            }
        }
        [dq, dk, dv]
    }
}

/// Turns a query's scores into weights, and what its weights are worth into the gradient of its scores.
struct Slopes<'a> {
    weights: &'a mut [f32],
    slopes: &'a mut [f32],
    seen: Range<usize>,
    log_sum: f32,
    mean: f32,
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { weights, slopes, seen, log_sum, mean } = self;
        for of in [&mut *weights, &mut *slopes] {
            of[..seen.start].fill(0.0);
            of[seen.end..].fill(0.0);
        }
        let (log_sum, mean, lanes) = (simd.splat_f32s(log_sum), simd.splat_f32s(mean), S::F32_LANES);
        let parts = weights[seen.clone()].chunks_mut(lanes).zip(slopes[seen].chunks_mut(lanes));
        for (weights, slopes) in parts {
            let weight = exp(simd, simd.sub_f32s(simd.partial_load_f32s(weights), log_sum));
            let slope = simd.sub_f32s(simd.partial_load_f32s(slopes), mean);
            simd.partial_store_f32s(weights, weight);
            simd.partial_store_f32s(slopes, simd.mul_f32s(weight, slope));
        }
    }
}
