//! Two runs on the same items.

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{SAMPLES, interval},
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
            let gains = (0..n).map(|_| {
                let (a, b) = pairs[rng.random_range(0..n)];
                i64::from(b) - i64::from(a)
            });
            gains.sum::<i64>() as f64 / n as f64
        };
        let difference = (only_b as f64 - only_a as f64) / n as f64;
        let [low, high] = interval((0..SAMPLES).map(|_| sample()).collect()).unwrap_or([difference; 2]);
        Some(Self { n, both, only_a, only_b, difference, low, high, p_value: mcnemar_exact(only_a, only_b) })
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
    fn exchanging_the_runs_turns_the_sign() {
        let pairs: Vec<_> = (0..50).map(|i| (i % 3 == 0, i % 2 == 0)).collect();
        let turned: Vec<_> = pairs.iter().map(|&(a, b)| (b, a)).collect();
        let (there, back) =
            (PairedDifference::of(&pairs, 2).unwrap(), PairedDifference::of(&turned, 2).unwrap());
        assert_eq!((there.difference, there.p_value), (-back.difference, back.p_value));
        assert!((there.low + back.high).abs() < 0.021 && (there.high + back.low).abs() < 0.021);
    }
}
