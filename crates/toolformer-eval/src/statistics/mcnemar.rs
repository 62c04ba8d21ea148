//! McNemar's test.

/// The exact, two-sided p-value of McNemar's test (1947): of items that one of two runs alone got right, `only_a` and
/// `only_b`, how likely is a split at least as uneven if both runs are equally good? Each such item then falls to
/// either with probability 1/2. Without such items it is 1.
///
/// ```
/// use toolformer_eval::mcnemar_exact;
/// // 2 * (1 + 10) / 2^10
/// assert!((mcnemar_exact(1, 9) - 0.021484375).abs() < 1e-12);
/// ```
pub fn mcnemar_exact(only_a: usize, only_b: usize) -> f64 {
    let n = only_a + only_b;
    // ln C(n, i) - n ln 2, from one i to the next.
    let mut log = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for i in 0..=only_a.min(only_b) {
        tail += log.exp();
        log += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(only_a: usize, only_b: usize, expected: f64) {
        let found = mcnemar_exact(only_a, only_b);
        assert!((found - expected).abs() < 1e-9 * expected.max(1e-3), "{found}");
        assert_eq!(found, mcnemar_exact(only_b, only_a));
    }

    /// Counts the outcomes one by one.
    fn by_counting(only_a: usize, only_b: usize) -> f64 {
        let (n, fewer) = (only_a + only_b, only_a.min(only_b));
        let as_uneven = (0_u32..1 << n).filter(|outcome| outcome.count_ones() as usize <= fewer).count();
        (2.0 * as_uneven as f64 / (1_u64 << n) as f64).min(1.0)
    }

    #[test]
    fn the_tail_is_that_of_fair_coins() {
        for n in 0..12 {
            for a in 0..=n {
                check(a, n - a, by_counting(a, n - a));
            }
        }
        // By exact fractions: 2 * sum of C(180, i) for i up to 59, over 2^180.
        assert!((mcnemar_exact(59, 121) / 4.434449263755176e-6 - 1.0).abs() < 1e-9);
        check(0, 0, 1.0);
    }

    #[test]
    fn many_items_neither_overflow_nor_vanish() {
        assert_eq!(mcnemar_exact(5_000, 5_000), 1.0);
        // By exact fractions; the normal approximation has z = 1, p = 0.317.
        assert!((mcnemar_exact(4_950, 5_050) - 0.322174199795312).abs() < 1e-9);
        assert!(mcnemar_exact(0, 100_000) < 1e-300);
    }
}
