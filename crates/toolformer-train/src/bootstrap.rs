//! How sure a part of few examples is.

use rand::Rng as _;
use toolformer_decode::draw_rng;

/// Samples that an interval is taken from.
const SAMPLES: usize = 10_000;

/// A part with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Proportion {
    /// The part of what is right, from 0 to 1.
    pub value: f64,
    /// Lower end of the interval of 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Proportion {
    /// What is right of all, and the percentile bootstrap's interval of 95 % (Efron, 1979). `groups` are drawn whole, as those
    /// in one (the pairs of one question) are not independent: each is how much of it is right, and how much there is. None
    /// if there is nothing.
    pub fn of(groups: &[(f64, f64)], seed: u64) -> Option<Self> {
        let part = |sums: (f64, f64)| sums.0 / sums.1;
        let add = |sum: (f64, f64), &(right, all): &(f64, f64)| (sum.0 + right, sum.1 + all);
        let whole = groups.iter().fold((0.0, 0.0), add);
        if whole.1 <= 0.0 {
            return None;
        }
        let mut rng = draw_rng(seed, &["bootstrap"]);
        let mut sample = || {
            let drawn = (0..groups.len()).map(|_| &groups[rng.random_range(0..groups.len())]);
            part(drawn.fold((0.0, 0.0), add))
        };
        let mut parts: Vec<f64> = (0..SAMPLES).map(|_| sample()).filter(|part| part.is_finite()).collect();
        parts.sort_by(f64::total_cmp);
        let at = |quantile: f64| {
            let place = (quantile * parts.len() as f64) as usize;
            parts.get(place).or(parts.last()).copied().unwrap_or_else(|| part(whole))
        };
        Some(Self { value: part(whole), low: at(0.025), high: at(0.975) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(groups: &[(f64, f64)], value: f64, [low, high]: [f64; 2]) {
        let found = Proportion::of(groups, 0).unwrap();
        assert!((found.value - value).abs() < 1e-12, "{found:?}");
        assert!((found.low - low).abs() < 0.02 && (found.high - high).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn intervals_are_those_of_the_binomial_distribution_and_of_groups() {
        check(&[(1.0, 1.0); 20], 1.0, [1.0, 1.0]);
        // 100 independent examples: 0.5 +- 1.96 * 0.05.
        check(&[[(1.0, 1.0); 50], [(0.0, 1.0); 50]].concat(), 0.5, [0.4, 0.6]);
        // The same examples, of which four at a time stand or fall together: twice as wide.
        check(&[[(4.0, 4.0); 13], [(0.0, 4.0); 13]].concat(), 0.5, [0.31, 0.69]);
        assert_eq!(Proportion::of(&[], 0), None);
    }
}
