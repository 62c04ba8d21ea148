//! A part with the interval that a bootstrap gives it.

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{clusters::by_cluster, draw_rng};

/// Samples that an interval is taken from.
pub(super) const SAMPLES: usize = 10_000;

/// A part with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// The part of what is right, from 0 to 1.
    pub value: f64,
    /// Lower end of the interval of 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Proportion {
    /// What is right of all, and the percentile bootstrap's interval of 95 % (Efron, 1979). Where all samples are the same, as
    /// those of all or none are, that is a point, and what was never seen is allowed for: of all or none this is the exact
    /// binomial interval (Clopper and Pearson, 1934). None if there is nothing.
    ///
    /// ```
    /// use toolformer_eval::Proportion;
    /// let half = Proportion::of([true, false].into_iter().cycle().take(100), 0).unwrap();
    /// assert_eq!(half.value, 0.5);
    /// assert!(half.low < 0.42 && half.high > 0.58);
    /// ```
    pub fn of(right: impl IntoIterator<Item = bool>, seed: u64) -> Option<Self> {
        Self::clustered(right.into_iter().map(|right| (None, right)), seed)
    }

    /// The same of items of which some belong to a cluster, such as the questions about one paragraph: clusters are drawn
    /// whole (the cluster bootstrap; Davison and Hinkley, 1997, section 3.8). With fewer than some 30 clusters its intervals
    /// are rather too narrow.
    pub fn clustered<'c>(
        items: impl IntoIterator<Item = (Option<&'c str>, bool)>,
        seed: u64,
    ) -> Option<Self> {
        let clusters = by_cluster(items.into_iter().map(|(cluster, right)| (cluster, [u32::from(right), 1])));
        let clusters: Vec<(f64, f64)> =
            clusters.into_iter().map(|[right, all]| (right.into(), all.into())).collect();
        Self::of_clusters(&clusters, seed)
    }

    /// The same of clusters, each of which is how much of it is right, and how much there is.
    pub fn of_clusters(clusters: &[(f64, f64)], seed: u64) -> Option<Self> {
        let Self { value, low, high } = Self::ratio_of_sums(clusters, seed)?;
        if low < high {
            return Some(Self { value, low, high });
        }
        let end = end_of_none(clusters.len());
        Some(Self { value, low: value * (1.0 - end), high: value + end * (1.0 - value) })
    }

    /// Any ratio of two sums, such as nats a token, with the bootstrap's interval over what the summands belong to, such as
    /// texts. None if the sum below is not above 0.
    pub fn ratio_of_sums(groups: &[(f64, f64)], seed: u64) -> Option<Self> {
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
        let parts = (0..SAMPLES).map(|_| sample()).filter(|part| part.is_finite()).collect();
        let [low, high] = interval(parts).unwrap_or([part(whole); 2]);
        Some(Self { value: part(whole), low, high })
    }
}

/// How likely what was never seen in `n` draws may be: solves `(1 - p)^n = 0.025`.
pub(super) fn end_of_none(n: usize) -> f64 {
    1.0 - 0.025_f64.powf(1.0 / n as f64)
}

/// The middle 95 % of samples.
pub(super) fn interval(mut samples: Vec<f64>) -> Option<[f64; 2]> {
    samples.sort_by(f64::total_cmp);
    let at =
        |quantile: f64| samples.get((quantile * samples.len() as f64) as usize).or(samples.last()).copied();
    Some([at(0.025)?, at(0.975)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(groups: &[(f64, f64)], value: f64, [low, high]: [f64; 2]) {
        let found = Proportion::ratio_of_sums(groups, 0).unwrap();
        assert!((found.value - value).abs() < 1e-12, "{found:?}");
        assert!((found.low - low).abs() < 0.02 && (found.high - high).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn intervals_are_those_of_the_binomial_distribution_and_of_groups() {
        check(&[(1.0, 1.0); 20], 1.0, [1.0, 1.0]);
        // 100 independent items: 0.5 +- 1.96 * 0.05.
        check(&[[(1.0, 1.0); 50], [(0.0, 1.0); 50]].concat(), 0.5, [0.4, 0.6]);
        // The same items, of which four at a time stand or fall together: twice as wide.
        check(&[[(4.0, 4.0); 13], [(0.0, 4.0); 13]].concat(), 0.5, [0.31, 0.69]);
        // By exact fractions: 1 - 0.025^(1/940).
        let none = Proportion::of([false; 940], 0).unwrap();
        assert!(none.value == 0.0 && (none.high - 0.003916).abs() < 1e-5, "{none:?}");
        assert!((Proportion::of([true; 10], 0).unwrap().low - 0.6915).abs() < 1e-4);
        assert_eq!(Proportion::ratio_of_sums(&[], 0), None);
        assert_eq!(Proportion::of([], 0), None);
    }

    #[test]
    fn clusters_are_drawn_whole() {
        // 104 items of which four at a time stand or fall together, as above.
        let names: Vec<String> = (0..26).map(|name| name.to_string()).collect();
        let items = || (0..104).map(|item| (Some(names[item / 4].as_str()), item % 8 < 4));
        let found = Proportion::clustered(items(), 0).unwrap();
        assert!(
            found.value == 0.5 && (found.low - 0.31).abs() < 0.02 && (found.high - 0.69).abs() < 0.02,
            "{found:?}"
        );
        // None of 26, not of 104.
        let none = Proportion::clustered(items().map(|(name, _)| (name, false)), 0).unwrap();
        assert_eq!(none.high, Proportion::of([false; 26], 0).unwrap().high);
        // One cluster, or some that are all alike: 1 - 0.025^(1/2) of the way to either end.
        let one = Proportion::clustered([(Some("a"), true), (Some("a"), false)], 0).unwrap();
        assert!((one.low - 0.0125).abs() < 1e-12 && (one.high - 0.9875).abs() < 1e-12, "{one:?}");
        let alike = Proportion::of_clusters(&[(1.0, 2.0); 2], 0).unwrap();
        assert!((alike.low - 0.079_057).abs() < 1e-6 && (alike.high - 0.920_943).abs() < 1e-6, "{alike:?}");
    }

    #[test]
    fn a_seed_gives_the_same_interval_again() {
        let right = || (0..5_003).map(|i| i % 3 == 0);
        assert_eq!(Proportion::of(right(), 5), Proportion::of(right(), 5));
        assert_ne!(Proportion::of(right(), 5), Proportion::of(right(), 6));
    }
}
