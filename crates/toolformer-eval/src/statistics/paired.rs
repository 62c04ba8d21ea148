//! Two runs on the same items.

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{Proportion, SAMPLES, interval},
    draw_rng, mcnemar_exact,
};

/// How two runs differ on the same items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Items.
    pub n: usize,
    /// Right in both.
    pub both: usize,
    /// Right in the first alone.
    pub only_a: usize,
    /// Right in the second alone.
    pub only_b: usize,
    /// Accuracy of the second less that of the first, from -1 to 1.
    pub difference: f64,
    /// Lower end of the paired bootstrap's interval of 95 %: items are drawn with both their outcomes.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Accuracy of the second over that of the first, with its interval by the same bootstrap. None where the first has so few
    /// right that the interval has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Proportion>,
    /// The p-value of McNemar's exact test, see [`mcnemar_exact`].
    pub p_value: f64,
}

impl PairedDifference {
    /// Of items, each right or not in the first and in the second run. None without items.
    ///
    /// ```
    /// use toolformer_eval::PairedDifference;
    /// let pairs = [[(false, true); 9].as_slice(), &[(true, false)], &[(true, true); 10]].concat();
    /// let found = PairedDifference::of(&pairs, 0).unwrap();
    /// assert_eq!((found.only_a, found.only_b, found.difference), (1, 9, 0.4));
    /// assert!(found.low > 0.0 && found.p_value < 0.05);
    /// ```
    pub fn of(pairs: &[(bool, bool)], seed: u64) -> Option<Self> {
        let n = pairs.len();
        if n == 0 {
            return None;
        }
        let count = |wanted| pairs.iter().filter(|&&pair| pair == wanted).count();
        let (both, only_a, only_b) = (count((true, true)), count((true, false)), count((false, true)));
        let mut rng = draw_rng(seed, &["paired bootstrap"]);
        let mut sample = || {
            (0..n).fold((0_u32, 0_u32), |(right_a, right_b), _| {
                let (a, b) = pairs[rng.random_range(0..n)];
                (right_a + u32::from(a), right_b + u32::from(b))
            })
        };
        let samples: Vec<(f64, f64)> =
            (0..SAMPLES).map(|_| sample()).map(|(a, b)| (a.into(), b.into())).collect();
        let difference = (only_b as f64 - only_a as f64) / n as f64;
        let differences = samples.iter().map(|(a, b)| (b - a) / n as f64).collect();
        let [low, high] = interval(differences).unwrap_or([difference; 2]);
        // A sample in which the first has none right stands behind all others.
        let ratios = samples.iter().map(|(a, b)| if *a > 0.0 { b / a } else { f64::INFINITY }).collect();
        let value = (both + only_b) as f64 / (both + only_a) as f64;
        let times = interval(ratios).filter(|[_, high]| high.is_finite());
        let times = times.map(|[low, high]| Proportion { value, low, high });
        let p_value = mcnemar_exact(only_a, only_b);
        Some(Self { n, both, only_a, only_b, difference, low, high, times, p_value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_narrows_the_interval() {
        // Both right on nearly the same half: unpaired, the difference would lie within +- 0.14 or so.
        let pairs =
            [[(true, true); 48].as_slice(), &[(true, false); 2], &[(false, true); 2], &[(false, false); 48]];
        let found = PairedDifference::of(&pairs.concat(), 1).unwrap();
        assert_eq!((found.n, found.both, found.difference, found.p_value), (100, 48, 0.0, 1.0));
        assert!((found.low + 0.04).abs() < 0.011 && (found.high - 0.04).abs() < 0.011, "{found:?}");
        assert_eq!(PairedDifference::of(&[], 1), None);
    }

    #[test]
    fn a_ratio_has_an_interval_where_it_is_one() {
        let pairs = [[(true, true); 40].as_slice(), &[(false, true); 120], &[(false, false); 840]].concat();
        let times = PairedDifference::of(&pairs, 1).unwrap().times.unwrap();
        // By the delta method: 4 * exp(+- 1.96 * sqrt(120 / 160 / 40)).
        assert!(
            times.value == 4.0 && (times.low - 3.06).abs() < 0.15 && (times.high - 5.23).abs() < 0.35,
            "{times:?}"
        );
        let same = [[(true, true); 50], [(false, false); 50]].concat();
        let times = PairedDifference::of(&same, 1).unwrap().times.unwrap();
        assert_eq!((times.value, times.low, times.high), (1.0, 1.0, 1.0));
        assert_eq!(PairedDifference::of(&[(false, true), (true, true)], 1).unwrap().times, None);
    }

    #[test]
    fn exchanging_the_runs_turns_the_sign() {
        let pairs: Vec<_> = (0..50).map(|i| (i % 3 == 0, i % 2 == 0)).collect();
        let turned: Vec<_> = pairs.iter().map(|&(a, b)| (b, a)).collect();
        let (there, back) =
            (PairedDifference::of(&pairs, 2).unwrap(), PairedDifference::of(&turned, 2).unwrap());
        assert_eq!((there.difference, there.p_value), (-back.difference, back.p_value));
        assert!((there.low + back.high).abs() < 0.021 && (there.high + back.low).abs() < 0.021);
    }
}
