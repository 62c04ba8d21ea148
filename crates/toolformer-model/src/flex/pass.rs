//! One block of a forward pass: scores, weights, and what they mix.

use std::ops::Range;

use burn::tensor::backend::Backend;
use pulp::Arch;
use rayon::prelude::*;

use super::{
    jobs::{Job, Shared},
    numbers::{Numbers, known},
    product::{Matrix, Product},
    softmax::Softmax,
};
use crate::kv_cache::LayerKv;

/// Keys that are turned at once; they stay in the nearest cache.
const TILE: usize = 128;

/// Keys and values of a block where they lie: `[n_kv_heads, groups or rows, columns, d_head]`.
pub(super) struct LayerNumbers {
    k: Numbers<4>,
    v: Numbers<4>,
}

/// Memory of a thread.
#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    turned: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

impl LayerNumbers {
    pub(super) fn of<B: Backend>(kv: &LayerKv<B>) -> Self {
        Self { k: known(Numbers::single(&kv.k)), v: known(Numbers::single(&kv.v)) }
    }
}

/// One block of one forward pass.
pub(super) struct Pass {
    /// `[tokens, n_kv_heads * per_kv * d_head]`
    pub(super) queries: Numbers<2>,
    /// Prefixes by their numbers.
    pub(super) shared: Vec<LayerNumbers>,
    pub(super) own: LayerNumbers,
    pub(super) n_kv_heads: usize,
    /// Heads that share a key/value head.
    pub(super) per_kv: usize,
    pub(super) d_head: usize,
}

/// Some of the queries of a job, the keys and values that they look at, and the columns of the scores where these begin.
struct Part<'a> {
    queries: Range<usize>,
    kv: &'a LayerNumbers,
    /// The group or the row.
    group: usize,
    width: usize,
    column: usize,
}

impl Pass {
    /// What all tokens mix, as `queries`.
    pub(super) fn run(&self, jobs: &[Job]) -> Vec<f32> {
        let width = self.n_kv_heads * self.per_kv * self.d_head;
        let tokens: usize = jobs.iter().map(|job| job.seen.len()).sum();
        let mut out = vec![0.0; tokens * width];
        let mut rest = out.as_mut_slice();
        let mut parts = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (part, behind) = rest.split_at_mut(job.seen.len() * width);
            parts.push((job, part));
            rest = behind;
        }
        if parts.len() < rayon::current_num_threads() {
            parts.into_iter().for_each(|(job, out)| self.by_heads(job, out));
        } else {
            parts.into_par_iter().for_each_init(Scratch::default, |scratch, (job, out)| {
                (0..self.n_kv_heads).for_each(|head| {
                    self.mix(job, head, scratch);
                    self.place(&scratch.mixed, head, out);
                });
            });
        }
        out
    }

    /// A job whose heads are computed beside each other.
    fn by_heads(&self, job: &Job, out: &mut [f32]) {
        let heads = 0..self.n_kv_heads;
        let mixed = heads.into_par_iter().map_init(Scratch::default, |scratch, head| {
            self.mix(job, head, scratch);
            std::mem::take(&mut scratch.mixed)
        });
        let mixed: Vec<Vec<f32>> = mixed.collect();
        mixed.iter().enumerate().for_each(|(head, mixed)| self.place(mixed, head, out));
    }

    /// What the queries of a job mix for one key/value head: `[queries, d_head]`, by token and head.
    fn mix(&self, job: &Job, head: usize, scratch: &mut Scratch) {
        let Scratch { queries, turned, scores, mixed } = scratch;
        let (per_kv, d_head, columns, arch) = (self.per_kv, self.d_head, job.columns(), Arch::new());
        queries.clear();
        for token in job.first..job.first + job.seen.len() {
            let heads = self.queries.from([token, head * per_kv * d_head]);
            queries.extend_from_slice(&heads[..per_kv * d_head]);
        }
        let count = queries.len() / d_head;
        scores.resize(count * columns, 0.0);
        mixed.clear();
        mixed.resize(count * d_head, 0.0);
        turned.resize(d_head * TILE, 0.0);
        let parts = self.parts(job, count);
        for part in &parts {
            self.score(part, head, (queries, turned), (scores, columns));
        }
        arch.dispatch(Softmax { scores, columns, seen: &job.seen, rows_of_each: per_kv });
        for Part { queries, kv, group, width, column } in parts {
            arch.dispatch(Product {
                a: Matrix { numbers: &scores[queries.start * columns + column..], stride: columns },
                b: Matrix { numbers: kv.v.from([head, group, 0, 0]), stride: kv.v.stride(2) },
                out: &mut mixed[queries.start * d_head..],
                out_stride: d_head,
                rows: queries.len(),
                inner: width,
                columns: d_head,
                add: true,
            });
        }
    }

    /// What a job looks at: groups of prefixes with all its queries, and every row's own columns with that row's.
    fn parts(&self, job: &Job, queries: usize) -> Vec<Part<'_>> {
        let mut parts = Vec::with_capacity(job.shared.len() + job.rows.len());
        let mut column = 0;
        for &Shared { prefix, group, width } in &job.shared {
            parts.push(Part { queries: 0..queries, kv: &self.shared[prefix], group, width, column });
            column += width;
        }
        let mut first = 0;
        for &(group, tokens) in &job.rows {
            let queries = first..first + tokens * self.per_kv;
            first = queries.end;
            parts.push(Part { queries, kv: &self.own, group, width: job.own, column });
        }
        parts
    }

    /// The scores of a part.
    fn score(
        &self,
        part: &Part<'_>,
        head: usize,
        (queries, turned): (&[f32], &mut [f32]),
        (scores, columns): (&mut [f32], usize),
    ) {
        let (d_head, k) = (self.d_head, &part.kv.k);
        for start in (0..part.width).step_by(TILE) {
            let width = TILE.min(part.width - start);
            turn(k.from([head, part.group, start, 0]), k.stride(2), [width, d_head], turned);
            Arch::new().dispatch(Product {
                a: Matrix { numbers: &queries[part.queries.start * d_head..], stride: d_head },
                b: Matrix { numbers: turned, stride: TILE },
                out: &mut scores[part.queries.start * columns + part.column + start..],
                out_stride: columns,
                rows: part.queries.len(),
                inner: d_head,
                columns: width,
                add: false,
            });
        }
    }

    /// Puts what one key/value head mixed where it belongs: `out` is `[tokens of the job, n_heads * d_head]`.
    fn place(&self, mixed: &[f32], head: usize, out: &mut [f32]) {
        let width = self.per_kv * self.d_head;
        for (token, mixed) in mixed.chunks_exact(width).enumerate() {
            let start = (token * self.n_kv_heads + head) * width;
            out[start..start + width].copy_from_slice(mixed);
        }
    }
}

/// Keys, `[width, d_head]`, as `[d_head, TILE]`.
fn turn(keys: &[f32], stride: usize, [width, d_head]: [usize; 2], turned: &mut [f32]) {
    const BLOCK: usize = 16;
    for first in (0..width).step_by(BLOCK) {
        let block = first..width.min(first + BLOCK);
        for feature in 0..d_head {
            for key in block.clone() {
                turned[feature * TILE + key] = keys[key * stride + feature];
            }
        }
    }
}
