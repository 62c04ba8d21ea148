//! How the learning rate changes over a run.

use serde::{Deserialize, Serialize};

/// What the learning rate does after its warm-up, in which it rises from 0 in equal steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls to 0 in equal steps (paper, as its trainer has it).
    #[default]
    Linear,
    /// It falls to 0 along half a wave of the cosine (Loshchilov and Hutter, 2017).
    Cosine,
}

impl Schedule {
    /// The part of the peak rate at `step` (from 0) of `steps`, of which the first `warmup`, a part from 0 to 1, are warm-up.
    pub fn factor(self, warmup: f64, step: usize, steps: usize) -> f64 {
        let warmup = (warmup * steps as f64).ceil();
        let step = step as f64;
        if step < warmup {
            return (step + 1.0) / warmup;
        }
        // The last step still learns something.
        let left = (steps as f64 - step) / (steps as f64 - warmup).max(1.0);
        match self {
            Self::Constant => 1.0,
            Self::Linear => left,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * (1.0 - left)).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: Schedule, expected: [f64; 5]) {
        let found: Vec<f64> = [0, 1, 2, 6, 9].map(|step| schedule.factor(0.2, step, 10)).to_vec();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{found} instead of {expected}");
        }
    }

    #[test]
    fn the_rate_rises_and_then_does_what_the_schedule_says() {
        check(Schedule::Constant, [0.5, 1.0, 1.0, 1.0, 1.0]);
        check(Schedule::Linear, [0.5, 1.0, 1.0, 0.5, 0.125]);
        check(Schedule::Cosine, [0.5, 1.0, 1.0, 0.5, 0.038]);
    }
}
