//! One block of a forward pass: scores, weights, and what they mix.

use burn::tensor::backend::Backend;
use pulp::Arch;
use rayon::prelude::*;

use super::{
    jobs::{Job, Part},
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
        if parts.len() < 2 * rayon::current_num_threads() {
            self.by_heads(parts);
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

    /// Jobs that are too few for all threads: their heads are computed beside each other too.
    fn by_heads(&self, jobs: Vec<(&Job, &mut [f32])>) {
        let heads = 0..self.n_kv_heads;
        let each: Vec<(&Job, usize)> =
            jobs.iter().flat_map(|(job, _)| heads.clone().map(|head| (*job, head))).collect();
        let mixed = each.into_par_iter().map_init(Scratch::default, |scratch, (job, head)| {
            self.mix(job, head, scratch);
            std::mem::take(&mut scratch.mixed)
        });
        let mixed: Vec<Vec<f32>> = mixed.collect();
        for ((_, out), mixed) in jobs.into_iter().zip(mixed.chunks(self.n_kv_heads)) {
            mixed.iter().enumerate().for_each(|(head, mixed)| self.place(mixed, head, out));
        }
    }

    /// What the queries of a job mix for one key/value head: `[queries, d_head]`, by token and head.
    fn mix(&self, job: &Job, head: usize, scratch: &mut Scratch) {
        let Scratch { queries, turned, scores, mixed } = scratch;
        let (per_kv, d_head, columns, arch) = (self.per_kv, self.d_head, job.columns, Arch::new());
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
        for part in &job.parts {
            self.score(part, head, (queries, turned), (scores, columns));
        }
        arch.dispatch(Softmax { scores, columns, seen: &job.seen, rows_of_each: per_kv });
        for part in &job.parts {
            let (v, start) = (&self.keys_and_values(part).v, part.tokens.start * per_kv);
            arch.dispatch(Product {
                a: Matrix { numbers: &scores[start * columns + part.columns.start..], stride: columns },
                b: Matrix { numbers: v.from([head, part.group, part.first, 0]), stride: v.stride(2) },
                out: &mut mixed[start * d_head..],
                out_stride: d_head,
                rows: part.tokens.len() * per_kv,
                inner: part.columns.len(),
                columns: d_head,
                add: true,
            });
        }
    }

    fn keys_and_values(&self, part: &Part) -> &LayerNumbers {
        part.prefix.map_or(&self.own, |prefix| &self.shared[prefix])
    }

    /// The scores of a part.
    fn score(
        &self,
        part: &Part,
        head: usize,
        (queries, turned): (&[f32], &mut [f32]),
        (scores, columns): (&mut [f32], usize),
    ) {
        let (d_head, k) = (self.d_head, &self.keys_and_values(part).k);
        let query = part.tokens.start * self.per_kv;
        for start in part.columns.clone().step_by(TILE) {
            let width = TILE.min(part.columns.end - start);
            let key = part.first + start - part.columns.start;
            turn(k.from([head, part.group, key, 0]), k.stride(2), [width, d_head], turned);
            Arch::new().dispatch(Product {
                a: Matrix { numbers: &queries[query * d_head..], stride: d_head },
                b: Matrix { numbers: turned, stride: TILE },
                out: &mut scores[query * columns + start..],
                out_stride: columns,
                rows: part.tokens.len() * self.per_kv,
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
