//! What the tokens of a batch see, in pieces that threads can take.

use std::ops::Range;

use burn::tensor::backend::Backend;

use crate::{kv_cache::KvCache, token_batch::TokenBatch};

/// Queries of a job, times the heads that share keys: enough for each key that is read to be used often.
const QUERIES: usize = 96;
/// Scores of a job, so that they stay in the cache of a core; a long context makes for smaller jobs.
const SCORES: usize = 128 * 1024;

/// Tokens side by side that look at the same groups of prefixes.
pub(super) struct Job {
    /// The first token, of all of the batch.
    pub(super) first: usize,
    /// Columns of the scores.
    pub(super) columns: usize,
    /// The columns that each token sees.
    pub(super) seen: Vec<Vec<Range<usize>>>,
    /// What any of them sees.
    pub(super) parts: Vec<Part>,
}

/// Keys side by side, and the tokens of the job that see some of them.
pub(super) struct Part {
    pub(super) tokens: Range<usize>,
    /// The number of a prefix, or none for a row's own keys.
    pub(super) prefix: Option<usize>,
    /// The group of the prefix, or the row.
    pub(super) group: usize,
    /// The first key.
    pub(super) first: usize,
    /// Where their scores stand.
    pub(super) columns: Range<usize>,
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
    let width: usize = cache.prefixes.iter().map(|view| view.prefix.width()).sum();
    let queries = (SCORES / (width + cache.columns())).clamp(QUERIES / 8, QUERIES);
    let most = (queries * cache.shape().n_kv_heads / n_heads).max(1);
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
        let width = |prefix: usize| rows.iter().map(|&(row, _)| visible(prefix, row)).max().unwrap_or(0);
        let widths: Vec<usize> = groups.iter().map(|&[prefix, _]| width(prefix)).collect();
        let before = cache.columns() - tokens.seq();
        let own = before + rows.iter().map(|(_, tokens)| tokens.end).max().unwrap_or(0);
        let start_of_own: usize = widths.iter().sum();
        let mut seen: Vec<Vec<Range<usize>>> = Vec::new();
        let mut parts = Vec::new();
        for (row, range) in rows.iter().cloned() {
            let mut segments = Vec::with_capacity(groups.len() + 1);
            let (mut column, mut position) = (0, 0);
            for (&[prefix, _], width) in groups.iter().zip(&widths) {
                let visible = visible(prefix, row);
                segments.push(Segment { columns: column..column + visible, position });
                column += width;
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
            let of_row = seen.len()..seen.len() + range.len();
            seen.extend(range.map(|token| {
                let end = start + token + 1;
                let earliest = window.map_or(0, |window| end.saturating_sub(window));
                segments.iter().filter_map(|segment| segment.between(earliest, end)).collect()
            }));
            // What nobody sees is left out: it may hold anything.
            parts.extend(segments[groups.len()..].iter().filter_map(|Segment { columns, .. }| {
                let columns = covered(&seen[of_row.clone()], columns)?;
                let first = columns.start - start_of_own;
                Some(Part { tokens: of_row.clone(), prefix: None, group: row, first, columns })
            }));
        }
        let mut column = 0;
        for (&[prefix, group], width) in groups.iter().zip(&widths) {
            if let Some(columns) = covered(&seen, &(column..column + width)) {
                let (tokens, first) = (0..seen.len(), columns.start - column);
                parts.push(Part { tokens, prefix: Some(prefix), group, first, columns });
            }
            column += width;
        }
        Self { first, columns: start_of_own + own, seen, parts }
    }
}

/// From the first to the last of some columns that any token sees.
fn covered(seen: &[Vec<Range<usize>>], columns: &Range<usize>) -> Option<Range<usize>> {
    let inside = seen.iter().flatten().filter(|range| columns.contains(&range.start));
    inside.cloned().reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
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
