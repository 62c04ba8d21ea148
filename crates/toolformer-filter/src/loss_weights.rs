//! The weights `w_t` of the tokens behind a call's place.

use serde::{Deserialize, Serialize};

/// Weights of the tokens `x_i, x_{i+1}, ...` in the loss of section 2; zero behind the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossWeights(Vec<f64>);

impl LossWeights {
    /// The paper's: `w_t = max(0, 1 - 0.2 t) / 3` (section 4.1). The divisor is the sum over all `t`, and stays
    /// so where a text ends early.
    pub fn paper() -> Self {
        Self((0..5).map(|t| (1.0 - 0.2 * f64::from(t)) / 3.0).collect())
    }

    /// Those of toolformer-pytorch: `max(0, 1 - 0.2 t)`, whose sum is 3, so that a threshold of 1 there is one of 1/3 here.
    pub fn lucidrains() -> Self {
        Self((0..5).map(|t| 1.0 - 0.2 * f64::from(t)).collect())
    }

    /// Any function of `t`, over the first `window` tokens.
    pub fn from_fn(window: usize, weight: impl FnMut(usize) -> f64) -> Self {
        Self((0..window).map(weight).collect())
    }

    /// Any others.
    pub fn new(weights: Vec<f64>) -> Self {
        Self(weights)
    }

    /// `w_0, w_1, ...`
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// How many tokens have a weight.
    pub fn window(&self) -> usize {
        self.0.len()
    }

    /// `L_i(z) = - sum_t w_t log p(x_{i+t} | z, x_{<i+t})`, in nats.
    ///
    /// `log_probs` are those of `x_i, x_{i+1}, ...`; fewer than the window where the text ends, and what lies
    /// behind the window does not count.
    pub fn loss(&self, log_probs: &[f32]) -> f64 {
        -self.0.iter().zip(log_probs).map(|(weight, &log_prob)| weight * f64::from(log_prob)).sum::<f64>()
    }
}

impl Default for LossWeights {
    fn default() -> Self {
        Self::paper()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_weights() {
        let expected = [1.0 / 3.0, 4.0 / 15.0, 1.0 / 5.0, 2.0 / 15.0, 1.0 / 15.0];
        for (weight, expected) in LossWeights::paper().0.iter().zip(expected) {
            assert!((weight - expected).abs() < 1e-12);
        }
        assert!((LossWeights::paper().0.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn other_weights() {
        let by_hand = LossWeights::from_fn(5, |t| 3.0 * LossWeights::paper().0[t]);
        assert!((by_hand.loss(&[-1.0; 5]) - LossWeights::lucidrains().loss(&[-1.0; 5])).abs() < 1e-12);
        assert!((LossWeights::lucidrains().loss(&[-1.0; 5]) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_text_that_ends_early_is_not_renormalised() {
        assert!((LossWeights::paper().loss(&[-1.0, -1.0]) - 0.6).abs() < 1e-6);
        assert!((LossWeights::paper().loss(&[-1.0; 9]) - 1.0).abs() < 1e-6);
    }
}
