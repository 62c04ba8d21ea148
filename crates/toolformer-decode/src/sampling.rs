//! Choosing the next token from scores over the vocabulary.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::DecodeError;

/// How the next token is chosen. The filters work one after the other on what the one before left, in the order of the
/// fields, as in transformers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Scores are divided by it; 0 takes the most likely token (greedy).
    pub temperature: f64,
    /// Only the `top_k` most likely tokens are considered; 0 for all.
    pub top_k: usize,
    /// Only the smallest set of tokens whose probabilities add up to `top_p` is considered; 1 for all
    /// (Holtzman et al., 2020).
    pub top_p: f64,
    /// Only tokens at least `min_p` times as likely as the most likely one are considered; 0 for all
    /// (Nguyen et al., 2024).
    pub min_p: f64,
    /// Only the smallest set of tokens is considered whose information is closest to what is expected and whose
    /// probabilities add up to `typical_p`; 1 for all (Meister et al., 2022).
    pub typical_p: f64,
}

impl Default for Sampling {
    /// Greedy.
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, typical_p: 1.0 }
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
        let setting = |name, why: String| Err(DecodeError::Setting { name, why });
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return setting("temperature", format!("must be 0 (greedy) or more, is {}", self.temperature));
        }
        for (name, share) in [("top_p", self.top_p), ("typical_p", self.typical_p)] {
            if !(share > 0.0 && share <= 1.0) {
                return setting(name, format!("must be above 0 and at most 1, is {share}"));
            }
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return setting("min_p", format!("must be between 0 and 1, is {}", self.min_p));
        }
        Ok(())
    }

    /// Whether the most likely token is taken, whatever is drawn.
    pub fn is_greedy(&self) -> bool {
        self.temperature == 0.0 || self.top_k == 1
    }

    /// The next token.
    ///
    /// Ties are broken by the smaller id, so that a choice depends on nothing but the scores and the draw.
    ///
    /// # Panics
    /// If `logits` is empty.
    pub fn pick(&self, logits: &[f32], rng: &mut impl Rng) -> u32 {
        if self.is_greedy() {
            return arg_max(logits);
        }
        let weight = self.weight(logits);
        let draw: f64 = rng.random();
        if *self == Self::at_temperature(self.temperature) {
            return draw_from(logits.iter().map(|&logit| weight(logit)).enumerate(), draw);
        }
        draw_from(self.kept(logits).into_iter(), draw)
    }

    /// What a token's probability is proportional to, 1 for the most likely one.
    fn weight(&self, logits: &[f32]) -> impl Fn(f32) -> f64 {
        let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let temperature = self.temperature;
        move |logit| ((f64::from(logit) - max) / temperature).exp()
    }

    /// The tokens that are considered, with their weights.
    fn kept(&self, logits: &[f32]) -> Vec<(usize, f64)> {
        let weight = self.weight(logits);
        let mut order = MostLikely::new(logits);
        let mut count = if self.top_k == 0 { logits.len() } else { self.top_k.min(logits.len()) };
        if self.top_p < 1.0 {
            let total: f64 = if count == logits.len() {
                logits.iter().map(|&logit| weight(logit)).sum()
            } else {
                order.first(count).iter().map(|&id| weight(logits[id])).sum()
            };
            // A token is in as long as those before it have not reached top_p.
            let (most, mut left) = (count, self.top_p * total);
            count = 0;
            while count < most && (count == 0 || left > 0.0) {
                count += 1;
                left -= weight(logits[order.first(count)[count - 1]]);
            }
        }
        let mut kept: Vec<(usize, f64)> =
            order.first(count).iter().map(|&id| (id, weight(logits[id]))).collect();
        kept.retain(|&(_, weight)| weight >= self.min_p);
        if self.typical_p < 1.0 {
            kept = typical(kept, self.typical_p);
        }
        kept
    }
}

/// Scores become log-probabilities, in nats.
pub(crate) fn log_softmax(logits: &mut [f32]) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - max).exp()).sum();
    let normaliser = max + sum.ln() as f32;
    logits.iter_mut().for_each(|logit| *logit -= normaliser);
}

/// Tokens by their scores, the most likely first; sorted only as far as is asked for.
pub(crate) struct MostLikely<'a> {
    logits: &'a [f32],
    order: Vec<usize>,
    sorted: usize,
}

impl<'a> MostLikely<'a> {
    pub(crate) fn new(logits: &'a [f32]) -> Self {
        Self { logits, order: (0..logits.len()).collect(), sorted: 0 }
    }

    /// The `count` most likely; of equals the smaller id first.
    pub(crate) fn first(&mut self, count: usize) -> &[usize] {
        if count > self.sorted {
            let more = (4 * count).max(64).min(self.order.len());
            let by_score = |&a: &usize, &b: &usize| self.logits[b].total_cmp(&self.logits[a]).then(a.cmp(&b));
            let rest = &mut self.order[self.sorted..];
            let wanted = more - self.sorted;
            if wanted < rest.len() {
                rest.select_nth_unstable_by(wanted - 1, by_score);
            }
            rest[..wanted].sort_unstable_by(by_score);
            self.sorted = more;
        }
        &self.order[..count]
    }
}

/// The tokens whose information is closest to the entropy, up to a share of the whole.
fn typical(kept: Vec<(usize, f64)>, share: f64) -> Vec<(usize, f64)> {
    let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
    let information = |weight: f64| -(weight / total).ln();
    let with_weight = || kept.iter().filter(|(_, weight)| *weight > 0.0);
    let entropy: f64 = with_weight().map(|(_, weight)| weight / total * information(*weight)).sum();
    let distance = |weight: f64| (information(weight) - entropy).abs();
    let mut order: Vec<(usize, f64)> = with_weight().copied().collect();
    order.sort_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
    let mut left = share * total;
    let count = order.iter().take_while(|(_, weight)| {
        let wanted = left > 0.0;
        left -= weight;
        wanted
    });
    let count = count.count().max(1);
    order.truncate(count);
    order
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
        check(Sampling { top_k: 1, ..Sampling::at_temperature(1.0) }, &[1]);
    }

    #[test]
    fn plain_sampling_reaches_every_token() {
        check(Sampling::at_temperature(1.0), &[0, 1, 2, 3, 4]);
    }

    #[test]
    fn filters_cut_the_tail() {
        let all = Sampling::at_temperature(1.0);
        check(Sampling { top_k: 3, ..all }, &[1, 2, 3]);
        check(Sampling { top_p: 0.5, ..all }, &[1, 3]);
        check(Sampling { top_p: 0.01, ..all }, &[1]);
        check(Sampling { min_p: 0.3, ..all }, &[1, 2, 3]);
        check(Sampling { min_p: 1.0, ..all }, &[1, 3]);
        check(Sampling { typical_p: 0.1, ..all }, &[1]);
    }

    #[test]
    fn ranges_are_checked() {
        let refused = |sampling: Sampling, name: &str| {
            let error = sampling.validate().unwrap_err().to_string();
            assert!(error.starts_with(&format!("setting `{name}`: must be")), "{error}");
        };
        let all = Sampling::default();
        refused(Sampling { temperature: -0.1, ..all }, "temperature");
        refused(Sampling { temperature: f64::NAN, ..all }, "temperature");
        for share in [0.0, 1.01, f64::NAN] {
            refused(Sampling { top_p: share, ..all }, "top_p");
            refused(Sampling { typical_p: share, ..all }, "typical_p");
        }
        refused(Sampling { min_p: -0.1, ..all }, "min_p");
        refused(Sampling { min_p: 1.1, ..all }, "min_p");
    }

    #[derive(Deserialize)]
    struct Warped {
        scores: Vec<f32>,
        settings: serde_json::Map<String, serde_json::Value>,
        kept: Vec<usize>,
    }

    /// `make_sampling.py` ran transformers' own warpers.
    #[test]
    fn what_is_kept_is_what_transformers_keeps() {
        #[derive(Deserialize)]
        struct Fixture {
            warpers: Vec<Warped>,
        }
        let fixture: Fixture = serde_json::from_str(include_str!("../tests/fixtures/sampling.json")).unwrap();
        for Warped { scores, mut settings, kept } in fixture.warpers {
            settings.entry("temperature").or_insert(1.0.into());
            let sampling: Sampling = serde_json::from_value(settings.into()).unwrap();
            let mut found: Vec<usize> = sampling.kept(&scores).into_iter().map(|(id, _)| id).collect();
            found.sort_unstable();
            assert_eq!(found, kept, "{sampling:?}");
        }
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
