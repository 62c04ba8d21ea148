//! Ending a run that gets no better.

use serde::{Deserialize, Serialize};

/// When a run ends before its last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// Evaluations in a row that may be no better than the best before them.
    pub patience: usize,
    /// By how much an evaluation's loss must be lower to be better, in nats.
    pub min_delta: f64,
}

/// What of it a checkpoint keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Patience {
    best: Option<f64>,
    worse: usize,
}

impl Patience {
    /// Takes note of an evaluation; whether it is time to stop.
    pub(super) fn is_over(&mut self, loss: f64, stopping: &EarlyStopping) -> bool {
        if self.best.is_none_or(|best| loss < best - stopping.min_delta) {
            (self.best, self.worse) = (Some(loss), 0);
        } else {
            self.worse += 1;
        }
        self.worse >= stopping.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patience: usize, min_delta: f64, losses: &[f64], expected: Option<usize>) {
        let (stopping, mut state) = (EarlyStopping { patience, min_delta }, Patience::default());
        let stopped = losses.iter().position(|&loss| state.is_over(loss, &stopping));
        assert_eq!(stopped, expected);
    }

    #[test]
    fn it_ends_after_so_many_evaluations_that_are_no_better() {
        check(1, 0.0, &[3.0, 2.0, 1.0], None);
        check(1, 0.0, &[3.0, 2.0, 2.0], Some(2));
        check(2, 0.0, &[3.0, 3.5, 2.0, 2.5, 2.1], Some(4));
        check(2, 0.5, &[3.0, 2.9, 2.8, 1.0], Some(2));
        check(1, 0.0, &[3.0, f64::NAN], Some(1));
    }
}
