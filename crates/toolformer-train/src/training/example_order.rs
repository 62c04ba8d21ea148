//! Which examples a step sees.

use rand::seq::SliceRandom;
use toolformer_decode::draw_rng;

/// The order of examples: each epoch is a shuffle of its own, cut into batches. It follows from the seed and the step alone,
/// so that a run that goes on has nothing to remember.
pub(super) struct ExampleOrder {
    seed: u64,
    examples: usize,
    batch: usize,
    /// The last epoch that was asked for, and its order.
    epoch: Option<(usize, Vec<usize>)>,
}

impl ExampleOrder {
    pub(super) fn new(seed: u64, examples: usize, batch: usize) -> Self {
        Self { seed, examples, batch, epoch: None }
    }

    /// Steps of an epoch.
    pub(super) fn steps_of_epoch(&self) -> usize {
        self.examples.div_ceil(self.batch)
    }

    /// Numbers of the examples of a step, from 0.
    pub(super) fn of_step(&mut self, step: usize) -> &[usize] {
        let epoch = step / self.steps_of_epoch();
        if self.epoch.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let mut order: Vec<usize> = (0..self.examples).collect();
            order.shuffle(&mut draw_rng(self.seed, &["shuffle", &epoch.to_string()]));
            self.epoch = Some((epoch, order));
        }
        let order = self.epoch.as_ref().map_or(&[][..], |(_, order)| order);
        let start = step % self.steps_of_epoch() * self.batch;
        &order[start..order.len().min(start + self.batch)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_every_example_once_in_an_order_of_its_own() {
        let mut order = ExampleOrder::new(1, 10, 4);
        let mut epochs = Vec::new();
        for epoch in 0..2 {
            let steps = epoch * 3..(epoch + 1) * 3;
            let seen: Vec<usize> = steps.flat_map(|step| order.of_step(step).to_vec()).collect();
            let mut sorted = seen.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
            epochs.push(seen);
        }
        assert_ne!(epochs[0], epochs[1]);
        assert_eq!(ExampleOrder::new(1, 10, 4).of_step(4), order.of_step(4));
        assert_ne!(ExampleOrder::new(2, 10, 4).of_step(4), order.of_step(4));
    }
}
