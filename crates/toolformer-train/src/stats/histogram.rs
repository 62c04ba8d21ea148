//! Histograms with fixed bins, so that those of two runs can be laid side by side.

use serde::{Deserialize, Serialize};

/// How many values lie in each bin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The borders between bins, rising.
    pub edges: Vec<f64>,
    /// One more than there are edges: below the first, then `edges[i - 1] <= value < edges[i]`, then from the last on.
    pub counts: Vec<usize>,
}

impl Histogram {
    /// An empty one with these edges, which must rise.
    pub fn new(edges: Vec<f64>) -> Self {
        let counts = vec![0; edges.len() + 1];
        Self { edges, counts }
    }

    /// Bins for probabilities that a call starts somewhere: two for each power of ten from a millionth on.
    pub fn of_probabilities() -> Self {
        Self::new(vec![1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3])
    }

    /// Bins for `L- - L+`, in nats: a quarter wide, from -2 to 4.
    pub fn of_deltas() -> Self {
        Self::new((-8..=16).map(|quarter| f64::from(quarter) / 4.0).collect())
    }

    /// Bins for weighted losses, in nats: a half wide, up to 12. No loss is below 0, where the first bin begins.
    pub fn of_losses() -> Self {
        Self::new((1..=24).map(|half| f64::from(half) / 2.0).collect())
    }

    /// Counts a value.
    pub fn add(&mut self, value: f64) {
        let bin = self.edges.partition_point(|&edge| edge <= value);
        if let Some(count) = self.counts.get_mut(bin) {
            *count += 1;
        }
    }

    /// Values counted.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut histogram: Histogram, value: f64, bin: usize) {
        histogram.add(value);
        assert_eq!(histogram.counts.iter().position(|&count| count == 1), Some(bin));
        assert_eq!(histogram.total(), 1);
        assert!(histogram.edges.is_sorted());
    }

    #[test]
    fn an_edge_belongs_to_the_bin_above() {
        check(Histogram::of_deltas(), -2.5, 0);
        check(Histogram::of_deltas(), -2.0, 1);
        check(Histogram::of_deltas(), 0.0, 9);
        check(Histogram::of_deltas(), 0.5, 11);
        check(Histogram::of_deltas(), 4.0, 25);
        check(Histogram::of_losses(), 0.0, 0);
        check(Histogram::of_losses(), 0.5, 1);
        check(Histogram::of_losses(), 99.0, 24);
        check(Histogram::of_probabilities(), 0.0, 0);
        check(Histogram::of_probabilities(), 0.05, 10);
        check(Histogram::of_probabilities(), 1.0, 12);
    }
}
