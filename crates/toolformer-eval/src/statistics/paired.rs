//! Two runs on the same items.

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{Proportion, SAMPLES, end_of_none, interval},
    clusters::by_cluster,
    draw_rng,
    sign_flip::sign_flip_exact,
};

/// How two runs differ on the same items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Items.
    pub n: usize,
    /// Clusters of items; as many as items where each stands alone.
    #[serde(default)]
    pub clusters: usize,
    /// Right in both.
    pub both: usize,
    /// Right in the first alone.
    pub only_a: usize,
    /// Right in the second alone.
    pub only_b: usize,
    /// Accuracy of the second less that of the first, from -1 to 1.
    pub difference: f64,
    /// Lower end of the paired bootstrap's interval of 95 %: items, or clusters of them, are drawn with both their outcomes. Where
    /// all samples are the same, as where no item differs, what was never seen is allowed for as in [`Proportion::of`].
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Accuracy of the second over that of the first, with its interval by the same bootstrap. None where the first has so few
    /// right that the interval has no end, or all samples are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Proportion>,
    /// The p-value of McNemar's exact test, see [`mcnemar_exact`](super::mcnemar_exact); of items in clusters, that of the exact
    /// sign-flip test on clusters (Fisher, 1935), which is the same where no cluster counts more than one.
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
        let pairs: Vec<_> = pairs.iter().map(|&pair| (None, pair)).collect();
        Self::clustered(&pairs, seed)
    }

    /// The same of items of which some belong to a cluster, such as the questions about one paragraph: clusters are drawn
    /// whole (the cluster bootstrap). None without items.
    pub fn clustered(items: &[(Option<&str>, (bool, bool))], seed: u64) -> Option<Self> {
        let n = items.len();
        if n == 0 {
            return None;
        }
        let count = |wanted| items.iter().filter(|(_, pair)| *pair == wanted).count();
        let (both, only_a, only_b) = (count((true, true)), count((true, false)), count((false, true)));
        let counts = items.iter().map(|&(cluster, (a, b))| (cluster, [u32::from(a), u32::from(b), 1]));
        let clusters = by_cluster(counts);
        let mut rng = draw_rng(seed, &["paired bootstrap"]);
        let mut sample = || {
            let drawn = (0..clusters.len()).map(|_| clusters[rng.random_range(0..clusters.len())]);
            drawn.fold([0; 3], |sum: [u32; 3], more| [0, 1, 2].map(|of| sum[of] + more[of])).map(f64::from)
        };
        let samples: Vec<[f64; 3]> = (0..SAMPLES).map(|_| sample()).collect();
        let difference = (only_b as f64 - only_a as f64) / n as f64;
        let differences = samples.iter().map(|[a, b, all]| (b - a) / all).collect();
        let [mut low, mut high] = interval(differences).unwrap_or([difference; 2]);
        let all_alike = low >= high;
        if all_alike {
            // What was never seen may lie at either end.
            let end = end_of_none(clusters.len());
            (low, high) = (difference - end * (1.0 + difference), difference + end * (1.0 - difference));
        }
        // A sample in which the first has none right stands behind all others.
        let ratios = samples.iter().map(|[a, b, _]| if *a > 0.0 { b / a } else { f64::INFINITY }).collect();
        let value = (both + only_b) as f64 / (both + only_a) as f64;
        let times = interval(ratios).filter(|[_, high]| high.is_finite() && !all_alike);
        let times = times.map(|[low, high]| Proportion { value, low, high });
        let more = clusters.iter().map(|&[a, b, _]| i64::from(b) - i64::from(a));
        let p_value = sign_flip_exact(&more.collect::<Vec<_>>());
        let clusters = clusters.len();
        Some(Self { n, clusters, both, only_a, only_b, difference, low, high, times, p_value })
    }

    /// The p-value for people: `0.042`, below a thousandth `3.1e-7`.
    pub fn shown_p_value(&self) -> String {
        match self.p_value {
            p if p >= 0.001 => format!("{p:.3}"),
            p if p > 0.0 => format!("{p:.1e}"),
            _ => "below 1e-300".to_owned(),
        }
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
        assert_eq!(PairedDifference::of(&same, 1).unwrap().times, None);
        assert_eq!(PairedDifference::of(&[(false, true), (true, true)], 1).unwrap().times, None);
    }

    #[test]
    fn items_that_all_differ_alike_leave_room_for_others() {
        let bounds = |pairs: &[(bool, bool)]| {
            let found = PairedDifference::of(pairs, 1).unwrap();
            [found.low, found.difference, found.high]
        };
        // 1 - 0.025^(1/10)
        let end = 0.308_497;
        let near = |found: [f64; 3], expected: [f64; 3]| {
            found.iter().zip(expected).for_each(|(found, expected)| assert!((found - expected).abs() < 1e-5));
        };
        near(bounds(&[(true, true); 10]), [-end, 0.0, end]);
        near(bounds(&[(false, true); 10]), [1.0 - 2.0 * end, 1.0, 1.0]);
        near(bounds(&[(true, false); 10]), [-1.0, -1.0, 2.0 * end - 1.0]);
        // As the test has it: five that all differ may be chance, six are not.
        let sure = |n: usize| PairedDifference::of(&vec![(false, true); n], 1).unwrap();
        assert!(sure(5).low < 0.0 && sure(5).p_value > 0.05);
        assert!(sure(6).low > 0.0 && sure(6).p_value < 0.05);
        // Paragraphs that are all alike: half of each is gained.
        let items: Vec<_> = (0..4).map(|item| (Some(["a", "b"][item / 2]), (false, item % 2 == 0))).collect();
        let found = PairedDifference::clustered(&items, 1).unwrap();
        assert!(found.difference == 0.5 && found.low < -0.7 && found.high > 0.9, "{found:?}");
    }

    #[test]
    fn clusters_stand_together() {
        // 25 paragraphs of four questions: of 5 the second run knows all, of 1 the first.
        let names: Vec<String> = (0..25).map(|name| name.to_string()).collect();
        let pair = |paragraph: usize| {
            [(false, true), (true, true), (true, false)]
                [usize::from(paragraph >= 5) + usize::from(paragraph >= 24)]
        };
        let items: Vec<_> = (0..100).map(|item| (Some(names[item / 4].as_str()), pair(item / 4))).collect();
        let found = PairedDifference::clustered(&items, 1).unwrap();
        let alone = PairedDifference::of(&items.iter().map(|item| item.1).collect::<Vec<_>>(), 1).unwrap();
        assert_eq!((found.only_a, found.only_b, found.difference), (4, 20, 0.16));
        assert!((found.p_value - super::super::mcnemar_exact(1, 5)).abs() < 1e-12);
        assert!(alone.p_value < 0.002 && found.p_value > 0.2);
        let wider = (found.high - found.low) / (alone.high - alone.low);
        assert!((wider - 2.0).abs() < 0.2, "{wider}");
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
