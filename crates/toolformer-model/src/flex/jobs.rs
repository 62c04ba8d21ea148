//! What the tokens of a batch see, in pieces that threads can take.

use std::ops::Range;

use burn::tensor::backend::Backend;

use crate::{kv_cache::KvCache, token_batch::TokenBatch};

/// Queries of a job, times the heads that share keys: enough for each key that is read to be used often.
const QUERIES: usize = 96;

/// Tokens side by side that look at the same groups of prefixes.
pub(super) struct Job {
    /// The rows, and how many of the tokens are theirs.
    pub(super) rows: Vec<(usize, usize)>,
    /// The first token, of all of the batch.
    pub(super) first: usize,
    pub(super) shared: Vec<Shared>,
    /// Of a row's own columns those that any of its tokens sees.
    pub(super) own: usize,
    /// The columns of the scores, those of prefixes first, that each token sees.
    pub(super) seen: Vec<Vec<Range<usize>>>,
}

/// A group of a prefix.
pub(super) struct Shared {
    pub(super) prefix: usize,
    pub(super) group: usize,
    /// As many of its tokens as any row sees.
    pub(super) width: usize,
}

/// Columns of the scores that hold tokens of a row at consecutive positions.
struct Segment {
    columns: Range<usize>,
    position: usize,
}

/// Splits a pass into jobs, in the order of the tokens.
pub(super) fn jobs<B: Backend>(
    tokens: &TokenBatch,
    cache: &KvCache<B>,
    n_heads: usize,
    window: Option<usize>,
) -> Vec<Job> {
    let most = (QUERIES * cache.shape().n_kv_heads / n_heads).max(1);
    let lens = tokens.lens();
    let mut jobs = Vec::new();
    let (mut row, mut first) = (0, 0);
    while row < lens.len() {
        let groups = groups_of(cache, row);
        let mut rows = vec![(row, 0..lens[row])];
        let mut count = lens[row];
        while let Some(&len) = lens.get(row + rows.len())
            && count + len <= most
            && groups_of(cache, row + rows.len()) == groups
        {
            rows.push((row + rows.len(), 0..len));
            count += len;
        }
        row += rows.len();
        for start in (0..count).step_by(most) {
            // Several rows are no more than a job.
            if count > most {
                rows[0].1 = start..count.min(start + most);
            }
            jobs.push(Job::new(tokens, cache, window, first + start, &rows, &groups));
        }
        first += count;
    }
    jobs
}

/// The groups of prefixes that a row sees something of: the number of the prefix, and that of the group.
fn groups_of<B: Backend>(cache: &KvCache<B>, row: usize) -> Vec<[usize; 2]> {
    let views = cache.prefixes.iter().enumerate().filter(|(_, view)| view.visible[row] > 0);
    views.map(|(prefix, view)| [prefix, view.group[row]]).collect()
}

impl Job {
    fn new<B: Backend>(
        tokens: &TokenBatch,
        cache: &KvCache<B>,
        window: Option<usize>,
        first: usize,
        rows: &[(usize, Range<usize>)],
        groups: &[[usize; 2]],
    ) -> Self {
        let visible = |prefix: usize, row: usize| cache.prefixes[prefix].visible[row];
        let shared = groups.iter().map(|&[prefix, group]| {
            let width = rows.iter().map(|&(row, _)| visible(prefix, row)).max().unwrap_or(0);
            Shared { prefix, group, width }
        });
        let shared: Vec<Shared> = shared.collect();
        let before = cache.columns() - tokens.seq();
        let own = before + rows.iter().map(|(_, tokens)| tokens.end).max().unwrap_or(0);
        let mut seen = Vec::new();
        for (row, range) in rows.iter().cloned() {
            let mut segments = Vec::with_capacity(shared.len() + 1);
            let (mut column, mut position) = (0, 0);
            for part in &shared {
                let visible = visible(part.prefix, row);
                segments.push(Segment { columns: column..column + visible, position });
                column += part.width;
                position += visible;
            }
            let valid: Vec<bool> = (0..own).map(|column| cache.is_valid(row, column)).collect();
            for run in valid.chunk_by(|a, b| a == b) {
                if run[0] {
                    segments.push(Segment { columns: column..column + run.len(), position });
                    position += run.len();
                }
                column += run.len();
            }
            let start = cache.positions()[row] - tokens.lens()[row];
            seen.extend(range.map(|token| {
                let end = start + token + 1;
                let earliest = window.map_or(0, |window| end.saturating_sub(window));
                segments.iter().filter_map(|segment| segment.between(earliest, end)).collect()
            }));
        }
        let rows = rows.iter().map(|(row, tokens)| (*row, tokens.len())).collect();
        Self { rows, first, shared, own, seen }
    }

    /// Columns of the scores.
    pub(super) fn columns(&self) -> usize {
        self.shared.iter().map(|shared| shared.width).sum::<usize>() + self.own
    }
}

impl Segment {
    /// The columns of the positions from `first` up to `end`, if there are any.
    fn between(&self, first: usize, end: usize) -> Option<Range<usize>> {
        let Range { start, end: last } = self.columns.clone();
        let column = |position: usize| (start + position.saturating_sub(self.position)).min(last);
        let range = column(first)..column(end);
        (!range.is_empty()).then_some(range)
    }
}
