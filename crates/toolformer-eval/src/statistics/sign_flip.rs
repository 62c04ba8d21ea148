//! McNemar's test where items come in clusters.

use super::mcnemar_exact;

/// The exact, two-sided p-value of the sign-flip test (Fisher, 1935) on clusters: each counts how many more of its items the second of two
/// runs got right than the first. If both runs are equally good, each difference has either sign with probability 1/2;
/// how likely is a sum at least as far from zero? Where no difference exceeds one, it is McNemar's exact test. Takes as many steps as there are clusters, times the sum of
/// their differences.
pub(super) fn sign_flip_exact(differences: &[i64]) -> f64 {
    let sum = differences.iter().sum::<i64>().unsigned_abs();
    if differences.iter().all(|difference| difference.abs() <= 1) {
        let count = |sign| differences.iter().filter(|&&difference| difference == sign).count();
        return mcnemar_exact(count(-1), count(1));
    }
    // How likely each sum is, from -reach to reach.
    let reach = differences.iter().map(|difference| difference.unsigned_abs() as usize).sum::<usize>();
    let mut likely = vec![0.0; 2 * reach + 1];
    likely[reach] = 1.0;
    let mut before = likely.clone();
    let mut so_far = 0;
    for step in
        differences.iter().map(|difference| difference.unsigned_abs() as usize).filter(|&step| step > 0)
    {
        std::mem::swap(&mut likely, &mut before);
        let (from, to) = (reach - so_far, reach + so_far);
        so_far += step;
        likely[reach - so_far..=reach + so_far].fill(0.0);
        for place in from..=to {
            likely[place - step] += before[place] / 2.0;
            likely[place + step] += before[place] / 2.0;
        }
    }
    let as_far = likely.iter().enumerate().filter(|(place, _)| place.abs_diff(reach) as u64 >= sum);
    as_far.map(|(_, part)| part).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries all signs.
    fn by_counting(differences: &[i64]) -> f64 {
        let sum = differences.iter().sum::<i64>().abs();
        let signs = 1_u32 << differences.len();
        let flipped = |signs: u32| {
            let with_sign = |(place, difference): (usize, &i64)| {
                if (signs >> place) & 1 == 1 { -difference } else { *difference }
            };
            differences.iter().enumerate().map(with_sign).sum::<i64>()
        };
        (0..signs).filter(|&signs| flipped(signs).abs() >= sum).count() as f64 / f64::from(signs)
    }

    #[track_caller]
    fn check(differences: &[i64]) {
        let (found, counted) = (sign_flip_exact(differences), by_counting(differences));
        assert!((found - counted).abs() < 1e-12, "{differences:?}: {found} and {counted}");
    }

    #[test]
    fn it_counts_all_signs() {
        check(&[]);
        check(&[0, 0]);
        check(&[3]);
        check(&[2, -1, 0, 4]);
        check(&[5, 3, -1, 2, 2, 1, 1, -4]);
        check(&[1, 1, -1, 1, 0, 1, 1]);
        check(&[-2; 10]);
        check(&[2, 1, 1, 1, 1, 1, 1, 1, 1, 3, -2]);
    }

    #[test]
    fn items_that_stand_together_count_as_one() {
        // 40 items more are right, by fours.
        assert!((sign_flip_exact(&[4; 10]) / mcnemar_exact(0, 10) - 1.0).abs() < 1e-12);
        assert!(sign_flip_exact(&[2; 400]) < 1e-100);
    }
}
