//! Which calls to a tool are the best, over all texts.

use std::{cmp::Ordering, collections::BinaryHeap};

/// How good a call is: by its `delta`, and of equals the earlier in the texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    pub(super) delta: f64,
    /// The number of its text.
    pub(super) text: u64,
    /// Byte offset in it.
    pub(super) position: usize,
}

impl Rank {
    /// Less is better.
    fn order(&self, other: &Self) -> Ordering {
        let earlier = (self.text, self.position).cmp(&(other.text, other.position));
        other.delta.total_cmp(&self.delta).then(earlier)
    }

    pub(super) fn is_worse_than(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Greater
    }
}

/// The best calls to a tool so far, at most so many.
#[derive(Debug)]
pub(super) struct Best<T> {
    most: usize,
    /// The worst on top.
    heap: BinaryHeap<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    rank: Rank,
    thing: T,
}

impl<T> Best<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::new() }
    }

    pub(super) fn offer(&mut self, rank: Rank, thing: T) {
        self.heap.push(Entry { rank, thing });
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// The worst that stays; none where all do.
    pub(super) fn cut(&self) -> Option<Rank> {
        self.heap.peek().filter(|_| self.heap.len() >= self.most).map(|entry| entry.rank)
    }

    pub(super) fn things(&self) -> impl Iterator<Item = &T> {
        self.heap.iter().map(|entry| &entry.thing)
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.order(&other.rank)
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(most: usize, expected: &[u64]) {
        let deltas = [0.5, 0.9, 0.5, -1.0, 2.0, 0.5];
        let ranks = deltas.iter().zip(0..).map(|(&delta, text)| Rank { delta, text, position: 0 });
        let ranks: Vec<Rank> = ranks.collect();
        let mut best = Best::new(most);
        ranks.iter().rev().for_each(|&rank| best.offer(rank, rank.text));
        let mut found: Vec<u64> = best.things().copied().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        // The cut alone tells the same.
        let stays = |rank: &Rank| best.cut().is_none_or(|cut| !rank.is_worse_than(&cut));
        assert_eq!(
            ranks.iter().filter(|rank| stays(rank)).map(|rank| rank.text).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn the_best_stay_and_of_equals_the_first() {
        check(1, &[4]);
        check(2, &[1, 4]);
        check(3, &[0, 1, 4]);
        check(4, &[0, 1, 2, 4]);
        check(6, &[0, 1, 2, 3, 4, 5]);
        check(7, &[0, 1, 2, 3, 4, 5]);
    }
}
