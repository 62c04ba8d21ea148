//! How sequences and heads are split into pieces of work.

use std::{ops::Range, sync::Arc};

/// Queries that are computed at once.
pub(super) const QUERIES: usize = 64;

/// Sequences that stand one after another.
#[derive(Clone, Debug)]
pub(super) struct Sequences {
    /// The tokens of each.
    tokens: Arc<[Range<usize>]>,
    pub(super) n_kv_heads: usize,
    /// Heads that share a key/value head.
    pub(super) per_kv: usize,
    pub(super) d_head: usize,
    window: Option<usize>,
}

/// A sequence and a key/value head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    sequence: usize,
    pub(super) head: usize,
}

/// Memory of a thread.
#[derive(Default)]
pub(super) struct Work {
    /// Keys, turned: `[d_head, len]`.
    pub(super) keys: Vec<f32>,
    /// Values, turned.
    pub(super) values: Vec<f32>,
    /// `[QUERIES, len]`
    pub(super) weights: Vec<f32>,
    /// `[QUERIES, len]`
    pub(super) slopes: Vec<f32>,
    /// `[len, QUERIES]`
    pub(super) turned: Vec<f32>,
}

impl Sequences {
    pub(super) fn new(
        lens: &[usize],
        [n_heads, n_kv_heads]: [usize; 2],
        d_head: usize,
        window: Option<usize>,
    ) -> Self {
        let mut end = 0;
        let tokens = lens.iter().map(|len| {
            end += len;
            end - len..end
        });
        Self { tokens: tokens.collect(), n_kv_heads, per_kv: n_heads / n_kv_heads, d_head, window }
    }

    /// All pieces of work.
    pub(super) fn places(&self) -> Vec<Place> {
        let sequences = 0..self.tokens.len();
        let places =
            sequences.flat_map(|sequence| (0..self.n_kv_heads).map(move |head| Place { sequence, head }));
        places.collect()
    }

    /// The tokens of a place, of all of the batch.
    pub(super) fn tokens(&self, place: Place) -> Range<usize> {
        self.tokens[place.sequence].clone()
    }

    /// What a token of a sequence sees of it.
    pub(super) fn seen(&self, token: usize) -> Range<usize> {
        self.window.map_or(0, |window| (token + 1).saturating_sub(window))..token + 1
    }

    /// The queries that are computed at once, with what any of them sees.
    pub(super) fn blocks(&self, len: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
        (0..len).step_by(QUERIES).map(move |start| {
            let end = len.min(start + QUERIES);
            (start..end, self.seen(start).start..end)
        })
    }

    /// Puts what belongs to a place, `[heads, len, d_head]`, into `[tokens, n_kv_heads * heads * d_head]`.
    pub(super) fn put(&self, place: Place, of_place: &[f32], heads: usize, out: &mut [f32]) {
        let (d_head, width, tokens) =
            (self.d_head, self.n_kv_heads * heads * self.d_head, self.tokens(place));
        for (head, of_head) in of_place.chunks_exact(tokens.len() * d_head).enumerate() {
            let start = (place.head * heads + head) * d_head;
            for (token, numbers) in tokens.clone().zip(of_head.chunks_exact(d_head)) {
                out[token * width + start..][..d_head].copy_from_slice(numbers);
            }
        }
    }

    /// Puts numbers of a place, `[per_kv, len]`, into `[tokens, n_heads]`.
    pub(super) fn put_sums(&self, place: Place, of_place: &[f32], out: &mut [f32]) {
        let (tokens, n_heads) = (self.tokens(place), self.n_kv_heads * self.per_kv);
        for (head, of_head) in of_place.chunks_exact(tokens.len()).enumerate() {
            for (token, &number) in tokens.clone().zip(of_head) {
                out[token * n_heads + place.head * self.per_kv + head] = number;
            }
        }
    }
}

/// A matrix, `[rows, columns]`, as `[columns, rows]`.
pub(super) fn turn(matrix: &[f32], stride: usize, [rows, columns]: [usize; 2], turned: &mut [f32]) {
    const BLOCK: usize = 16;
    for first in (0..rows).step_by(BLOCK) {
        for column in 0..columns {
            for row in first..rows.min(first + BLOCK) {
                turned[column * rows + row] = matrix[row * stride + column];
            }
        }
    }
}
