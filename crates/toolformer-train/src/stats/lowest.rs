//! The few with the lowest keys out of many, whatever their order.

use std::cmp::Ordering;

/// What decides who stays: the value, and among equals the draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) value: f64,
    /// Drawn from what the thing is, so that equal draws mean the same thing.
    pub(super) draw: u64,
}

impl Key {
    fn order(&self, other: &Self) -> Ordering {
        self.value.total_cmp(&other.value).then(self.draw.cmp(&other.draw))
    }
}

/// At most `limit` things, those with the lowest keys; the same thing is taken once.
///
/// With one value for all it is a sample without regard to order: each thing is as likely as the others.
#[derive(Debug)]
pub(super) struct Lowest<T> {
    limit: usize,
    things: Vec<(Key, T)>,
}

impl<T> Lowest<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, things: Vec::with_capacity(limit) }
    }

    /// Makes the thing only if it is to stay.
    pub(super) fn offer(&mut self, key: Key, make: impl FnOnce() -> T) {
        let place = self.things.partition_point(|(other, _)| other.order(&key) == Ordering::Less);
        let known = self.things.get(place).is_some_and(|(other, _)| other.order(&key) == Ordering::Equal);
        if place < self.limit && !known {
            self.things.truncate(self.limit.saturating_sub(1));
            self.things.insert(place, (key, make()));
        }
    }

    /// From the lowest key on.
    pub(super) fn into_things(self) -> impl Iterator<Item = (Key, T)> {
        self.things.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_changes_nothing_and_the_same_thing_stays_once() {
        let keys = [(2.0, 5), (1.0, 9), (2.0, 5), (3.0, 1), (1.0, 2), (-1.0, 7)];
        for turn in 0..keys.len() {
            let mut lowest = Lowest::new(4);
            for (value, draw) in keys.iter().cycle().skip(turn).take(keys.len()).copied() {
                lowest.offer(Key { value, draw }, || draw);
            }
            assert_eq!(lowest.into_things().map(|(_, draw)| draw).collect::<Vec<_>>(), [7, 2, 9, 5]);
        }
        let mut none = Lowest::new(0);
        none.offer(Key { value: 0.0, draw: 0 }, || ());
        assert_eq!(none.into_things().count(), 0);
    }
}
