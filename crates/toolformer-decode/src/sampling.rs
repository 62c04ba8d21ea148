//! Choosing the next token from scores over the vocabulary.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::DecodeError;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Scores are divided by it; 0 takes the most likely token (greedy).
    pub temperature: f64,
    /// Only the `top_k` most likely tokens are considered; 0 for all.
    pub top_k: usize,
    /// Only the smallest set of tokens whose probabilities add up to `top_p` is considered; 1 for all
    /// (Holtzman et al., 2020).
    pub top_p: f64,
}

impl Default for Sampling {
    /// Greedy.
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0 }
    }
}

impl Sampling {
    /// Sampling from the model's own distribution.
    pub fn at_temperature(temperature: f64) -> Self {
        Self { temperature, ..Self::default() }
    }

    /// # Errors
    /// If a value is out of range.
    pub fn validate(&self) -> Result<(), DecodeError> {
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return Err(DecodeError::Setting {
                name: "temperature",
                why: format!("must be 0 (greedy) or more, is {}", self.temperature),
            });
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(DecodeError::Setting {
                name: "top_p",
                why: format!("must be above 0 and at most 1, is {}", self.top_p),
            });
        }
        Ok(())
    }

    /// The next token.
    ///
    /// Ties are broken by the smaller id, so that a choice depends on nothing but the scores and the draw.
    ///
    /// # Panics
    /// If `logits` is empty.
    pub fn pick(&self, logits: &[f32], rng: &mut impl Rng) -> u32 {
        if self.temperature == 0.0 || self.top_k == 1 {
            return arg_max(logits);
        }
        let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let weight = |logit: f32| ((f64::from(logit) - max) / self.temperature).exp();
        let draw: f64 = rng.random();
        if self.top_k == 0 && self.top_p >= 1.0 {
            return draw_from(logits.iter().map(|&logit| weight(logit)).enumerate(), draw);
        }
        let mut order: Vec<usize> = (0..logits.len()).collect();
        let by_score = |&a: &usize, &b: &usize| logits[b].total_cmp(&logits[a]).then(a.cmp(&b));
        if self.top_k > 0 && self.top_k < order.len() {
            order.select_nth_unstable_by(self.top_k - 1, by_score);
            order.truncate(self.top_k);
        }
        order.sort_unstable_by(by_score);
        let weights: Vec<f64> = order.iter().map(|&id| weight(logits[id])).collect();
        let mut left = self.top_p * weights.iter().sum::<f64>();
        // A token is in as long as those before it have not reached top_p.
        let kept = weights.iter().take_while(|&&w| {
            let wanted = left > 0.0;
            left -= w;
            wanted
        });
        let kept = kept.count().max(1);
        draw_from(order.into_iter().zip(weights).take(kept), draw)
    }
}

/// The most likely token; of several, the one with the smallest id.
pub fn arg_max(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (id, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = id;
        }
    }
    u32::try_from(best).unwrap_or(u32::MAX)
}

/// How many tokens are more likely than `id`: 0 for the most likely one.
pub fn rank(logits: &[f32], id: u32) -> usize {
    let own = logits[id as usize];
    logits
        .iter()
        .enumerate()
        .filter(|&(other, &logit)| logit > own || (logit == own && (other as u32) < id))
        .count()
}

/// Picks from `(id, weight)` by a uniform `draw` in `[0, 1)`.
fn draw_from(weights: impl Iterator<Item = (usize, f64)> + Clone, draw: f64) -> u32 {
    let total: f64 = weights.clone().map(|(_, weight)| weight).sum();
    let mut left = draw * total;
    let mut last = 0;
    for (id, weight) in weights {
        if weight > 0.0 {
            last = id;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    u32::try_from(last).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 2.0, -1.0];

    #[track_caller]
    fn check(sampling: Sampling, possible: &[u32]) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut seen: Vec<u32> = (0..2000).map(|_| sampling.pick(&LOGITS, &mut rng)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, possible, "{sampling:?}");
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        check(Sampling::default(), &[1]);
        check(Sampling { temperature: 1.0, top_k: 1, top_p: 1.0 }, &[1]);
    }

    #[test]
    fn plain_sampling_reaches_every_token() {
        check(Sampling::at_temperature(1.0), &[0, 1, 2, 3, 4]);
    }

    #[test]
    fn top_k_and_top_p_cut_the_tail() {
        check(Sampling { temperature: 1.0, top_k: 3, top_p: 1.0 }, &[1, 2, 3]);
        check(Sampling { temperature: 1.0, top_k: 0, top_p: 0.5 }, &[1, 3]);
        check(Sampling { temperature: 1.0, top_k: 0, top_p: 0.01 }, &[1]);
    }

    #[test]
    fn frequencies_follow_the_probabilities() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut counts = [0.0f64; 5];
        for _ in 0..40_000 {
            counts[Sampling::at_temperature(0.7).pick(&LOGITS, &mut rng) as usize] += 1.0 / 40_000.0;
        }
        let total: f64 = LOGITS.iter().map(|&l| (f64::from(l) / 0.7).exp()).sum();
        for (count, logit) in counts.iter().zip(LOGITS) {
            assert!((count - (f64::from(logit) / 0.7).exp() / total).abs() < 0.01, "{counts:?}");
        }
    }

    #[test]
    fn rank_counts_the_more_likely() {
        assert_eq!([1, 3, 2, 0, 4].map(|id| rank(&LOGITS, id)), [0, 1, 2, 3, 4]);
    }
}
