//! Sets mixed with each other.

use proptest::prelude::*;
use toolformer_data::{
    Dataset, Interleave,
    StoppingStrategy::{self, AllExhausted, AllExhaustedWithoutReplacement, FirstExhausted},
};

use crate::given::{numbers, read, streamed};

/// Sets of such lengths; set `i` has the numbers from `100 * i` on.
fn sets(lengths: &[usize]) -> Vec<Dataset> {
    lengths.iter().enumerate().map(|(index, len)| numbers(index * 100..index * 100 + len)).collect()
}

/// Of a mix in memory; a streamed one has to be the same.
#[track_caller]
fn mixed(lengths: &[usize], how: &Interleave) -> Vec<usize> {
    let sets = sets(lengths);
    let found = read(&how.mix(&sets).unwrap());
    let streams: Vec<Dataset> = sets.iter().map(streamed).collect();
    assert_eq!(read(&how.mix(&streams).unwrap()), found);
    found
}

#[track_caller]
fn check(lengths: &[usize], stop: StoppingStrategy, expected: &[usize]) {
    assert_eq!(mixed(lengths, &Interleave { stop, ..Interleave::default() }), expected);
}

/// The examples of `datasets.interleave_datasets`, and edges.
#[test]
fn sets_have_their_turns() {
    check(&[3, 4, 5], FirstExhausted, &[0, 100, 200, 1, 101, 201, 2, 102, 202]);
    check(&[4, 3], FirstExhausted, &[0, 100, 1, 101, 2, 102]);
    let all = [0, 100, 200, 1, 101, 201, 2, 102, 202, 0, 103, 203, 1, 100, 204];
    check(&[3, 4, 5], AllExhausted, &all);
    check(&[1, 3], AllExhaustedWithoutReplacement, &[0, 100, 101, 102]);
    check(&[2, 0], FirstExhausted, &[]);
    check(&[2, 0], AllExhausted, &[0, 1]);
    check(&[2, 0], AllExhaustedWithoutReplacement, &[0, 1]);
    check(&[0, 0], AllExhausted, &[]);
    check(&[], FirstExhausted, &[]);
}

#[test]
fn ratios_are_kept() {
    let lengths = [20_000, 20_000, 20_000];
    let sets: Vec<Dataset> = lengths.iter().enumerate().map(|(set, len)| numbers(vec![set; *len])).collect();
    let how = Interleave { weights: Some(vec![5.0, 3.0, 2.0]), seed: 7, stop: FirstExhausted };
    let found = read(&how.mix(&sets).unwrap());
    let share = |set| found.iter().filter(|&&found| found == set).count() as f64 / found.len() as f64;
    for (set, expected) in [(0, 0.5), (1, 0.3), (2, 0.2)] {
        assert!((share(set) - expected).abs() < 0.01, "{set}: {}", share(set));
    }
    assert_eq!(found, read(&how.mix(&sets).unwrap()));
    assert_ne!(found, read(&Interleave { seed: 8, ..how }.mix(&sets).unwrap()));
}

#[test]
fn weights_that_cannot_be_are_told() {
    for (weights, part) in [
        (vec![1.0], "1 for 2 sets"),
        (vec![1.0, 0.0], "above 0"),
        (vec![1.0, f64::NAN], "above 0"),
        (vec![-1.0, 1.0], "above 0"),
    ] {
        let how = Interleave { weights: Some(weights), ..Interleave::default() };
        let error = how.mix(&sets(&[1, 1])).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

proptest! {
    #[test]
    fn a_mix_ends_as_its_strategy_says(
        lengths in prop::collection::vec(1..20_usize, 1..5),
        weights in prop::collection::vec(0.1..5.0_f64, 4),
        drawn: bool,
        seed: u64,
    ) {
        let how = |stop| {
            Interleave { weights: drawn.then(|| weights[..lengths.len()].to_vec()), seed, stop }
        };
        let of = |found: &[usize], set: usize| -> Vec<usize> {
            found.iter().filter(|n| *n / 100 == set).map(|n| n % 100).collect()
        };
        // Each set's rows come in their order, again from the start behind the last.
        for stop in [FirstExhausted, AllExhausted, AllExhaustedWithoutReplacement] {
            let found = mixed(&lengths, &how(stop));
            for (set, &len) in lengths.iter().enumerate() {
                let rows = of(&found, set);
                prop_assert!(rows.iter().enumerate().all(|(place, row)| *row == place % len));
                match stop {
                    FirstExhausted => prop_assert!(rows.len() <= len),
                    AllExhausted => prop_assert!(rows.len() >= len),
                    _ => prop_assert_eq!(rows.len(), len),
                }
            }
            let exhausted = (0..lengths.len()).filter(|&set| of(&found, set).len() >= lengths[set]).count();
            let least = if stop == FirstExhausted { 1 } else { lengths.len() };
            prop_assert!(exhausted >= least);
            // What is drawn ends with the row that exhausts.
            if drawn && stop != AllExhaustedWithoutReplacement {
                let last = found.last().unwrap();
                prop_assert_eq!(last % 100, lengths[last / 100] - 1);
            }
        }
    }
}
